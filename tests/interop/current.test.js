// ChatGPT's current connection, with a strict reader.

import assert from 'node:assert/strict';
import { X509Certificate, createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { CurrentServiceProvider } from './lib/current.js';
import { Hallpass, databases } from './lib/hallpass.js';
import { keyPair } from './lib/keys.js';
import { current, registerAll, user } from './lib/participants.js';
import { BrowserSession, postedResponse } from './lib/visitor.js';

for (const database of databases) {
  describe(`current connection on ${database}`, () => {
    let hallpass;
    let provider;

    before(async () => {
      hallpass = await Hallpass.start(database);
      await registerAll(hallpass);
      provider = new CurrentServiceProvider(hallpass, await hallpass.certificatePem());
    });
    after(() => hallpass?.stop());

    async function signIn(options, who = user) {
      const asked = provider.begin(options);
      const visitor = new BrowserSession(hallpass);
      const answer = postedResponse(await visitor.signIn(asked.url, who));
      assert.equal(answer.acs, current.acs);
      assert.equal(answer.fields.RelayState, asked.relayState);
      return { asked, visitor, answer };
    }

    it('signs in', async () => {
      const { asked, answer } = await signIn();
      const { email, given, family, id } = provider.consume(answer.xml, asked.id);
      assert.deepEqual({ email, given, family }, { email: user.email, given: user.given, family: user.family });
      const shown = JSON.parse(await hallpass.cli('user', 'show', user.email, '--json'));
      assert.equal(id, shown.stable_id);
      assert.notEqual(id, user.email);
    });

    it('signs in, no ACS URL in the request', async () => {
      const { asked, answer } = await signIn({ consumer: false });
      assert.equal(provider.consume(answer.xml, asked.id).email, user.email);
    });

    it('answers at once in a live session, with a new assertion of the same SessionIndex', async () => {
      const first = await signIn();
      const asked = provider.begin();
      const again = postedResponse(await first.visitor.request(asked.url));
      const [one, two] = [provider.consume(first.answer.xml, first.asked.id), provider.consume(again.xml, asked.id)];
      assert.equal(one.sessionIndex, two.sessionIndex);
      assert.notEqual(first.answer.xml, again.xml);
    });

    it('answers the same request again in the browser that it was answered in, and nowhere else', async () => {
      const { asked, visitor } = await signIn();
      provider.consume(postedResponse(await visitor.request(asked.url)).xml, asked.id);
      const stranger = new BrowserSession(hallpass);
      await stranger.signIn(provider.begin().url, user);
      const page = await stranger.openFollowingRedirects(asked.url);
      assert.ok(page.status >= 400, `${page.status}`);
      assert.doesNotMatch(page.html, /SAMLResponse/);
    });

    it('keeps the id through a change of names and e-mail', async () => {
      const other = { email: 'jo.berg@fernweh.example', given: 'Jo', family: 'Berg', password: 'another long password' };
      await hallpass.addUser(other);
      const before = await signIn({}, other);
      await hallpass.cli('user', 'edit', other.email, '--email', 'jo.tal@fernweh.example', '--family-name', 'Tal');
      const after = await signIn({}, { ...other, email: 'Jo.Tal@Fernweh.example' });
      const [one, two] = [before, after].map(({ asked, answer }) => provider.consume(answer.xml, asked.id));
      assert.equal(one.id, two.id);
      assert.deepEqual([two.email, two.family], ['jo.tal@fernweh.example', 'Tal']);
    });

    it('publishes certificate and metadata without a login, each saying the same', async () => {
      const get = (address, headers = {}) => fetch(hallpass.origin + address, { headers });
      const [pem, cer, metadata] = await Promise.all(['/saml/certificate.pem', '/saml/certificate.cer', '/saml/metadata'].map((address) => get(address)));
      for (const answer of [pem, cer, metadata]) {
        assert.equal(answer.status, 200);
        assert.equal(answer.headers.get('set-cookie'), null);
        const held = await get(new URL(answer.url).pathname, { 'if-none-match': answer.headers.get('etag') });
        assert.equal(held.status, 304);
      }
      const certificate = new X509Certificate(await pem.text());
      assert.deepEqual(Buffer.from(await cer.arrayBuffer()), certificate.raw);
      const fingerprint = createHash('sha256').update(certificate.raw).digest('hex');
      for (const [answer, ending] of [[pem, 'pem'], [cer, 'cer']]) {
        const [, head] = new RegExp(`^attachment; filename="hallpass-([0-9a-f]{8,64})\\.${ending}"$`).exec(answer.headers.get('content-disposition'));
        assert.ok(fingerprint.startsWith(head));
      }
      assert.match(metadata.headers.get('content-type'), /^application\/samlmetadata\+xml/);
      const xml = await metadata.text();
      assert.match(xml, new RegExp(`entityID="${hallpass.origin}/saml/metadata"`));
      for (const value of [certificate.raw.toString('base64'), `Location="${hallpass.sso}"`, `Location="${hallpass.slo}"`]) assert.ok(xml.replace(/\n/g, '').includes(value), value);
    });

    it('shows the values to paste, in the order of the wizard', async () => {
      const text = await hallpass.cli('app', 'show', current.slug);
      let at = -1;
      for (const value of ['Identity Provider Name', `${hallpass.origin}/saml/metadata`, hallpass.sso, hallpass.slo, '/saml/certificate.pem', current.acs, current.audience, 'firstName', 'Test Single Sign-On', 'BEGIN CERTIFICATE']) {
        const next = text.indexOf(value, at + 1);
        assert.ok(next > at, `${value} stands behind what comes before it`);
        at = next;
      }
      assert.ok(text.includes((await hallpass.certificatePem()).trim()), 'the PEM that is downloaded');
    });

    it('refuses half a paste in words', async () => {
      const refused = (acs, audience) => hallpass.expectFailure('app', 'add', 'chatgpt', '--acs', acs, '--audience', audience);
      assert.match(await refused('https://auth0.openai.com/login/callback', 'urn:auth0:openai:org-TEST'), /\?connection=/);
      assert.match(await refused(current.acs.replace('/acs/', '/a cs/'), current.audience), /white space/);
      assert.match(await refused(current.acs, current.acs), /ACS URL once more/);
    });

    it('lets nobody in who is switched off, live session or not', async () => {
      const { visitor } = await signIn();
      await hallpass.cli('user', 'disable', user.email);
      try {
        const page = await visitor.openFollowingRedirects(provider.begin().url);
        assert.doesNotMatch(page.html, /SAMLResponse/);
      } finally {
        await hallpass.cli('user', 'enable', user.email);
      }
      const { asked, answer } = await signIn();
      provider.consume(answer.xml, asked.id);
    });

    describe('control: the reader does judge', () => {
      let xml;
      let id;
      let other;

      before(async () => {
        const { asked, answer } = await signIn();
        [xml, id] = [answer.xml, asked.id];
        other = await keyPair(hallpass.directory, 'other');
      });

      const changed = (from, to) => {
        const text = xml.replace(from, to);
        assert.notEqual(text, xml, 'the change took');
        return () => provider.consume(text, id);
      };
      const SIGNATURE = /<(\w+:)?Signature[ >][\s\S]*?<\/\1Signature>/;

      it('takes what is untouched', () => provider.consume(xml, id));
      it('refuses another e-mail', () => assert.throws(changed(new RegExp(user.email, 'g'), 'eve@fernweh.example'), /signature/));
      it('refuses another first name', () => assert.throws(changed(/Miré/g, 'Eve'), /signature/));
      it('refuses another destination', () => assert.throws(changed(current.acs, `${current.acs}x`), /signature/));
      it('refuses a response without its signature', () => assert.throws(changed(SIGNATURE, ''), /order in Response/));
      it('refuses it for another request', () => assert.throws(() => provider.consume(xml, '_other'), /InResponseTo/));
      it('refuses it by another certificate', () => assert.throws(() => new CurrentServiceProvider(hallpass, other.cert).consume(xml, id), /certificate in KeyInfo/));
      it('refuses a second assertion', () => assert.throws(changed(/(<(\w+:)?Assertion[ >][\s\S]*<\/\2Assertion>)/, '$1$1'), /how many Assertion/));
      it('refuses a comment inside the e-mail', () => assert.throws(changed(`>${user.email}<`, `>${user.email}<!-- -->.evil.example<`), /stray content|text alone/));
      it('refuses a DTD', () => assert.throws(changed(/^/, '<!DOCTYPE x>'), /DTD/));
    });
  });
}
