// pysaml2: requires both signatures, signs every message of its own, with SHA-1 unless configured otherwise.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Hallpass, databases } from './lib/hallpass.js';
import { metadataWithOtherKey } from './lib/keys.js';
import { user } from './lib/participants.js';
import { pysaml2 } from './lib/python.js';
import { expectRefusal, expectSignIn, hasSession } from './lib/sign-in.js';
import { BrowserSession } from './lib/visitor.js';

const PERSISTENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent';
const sign = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';

for (const database of databases) {
  describe(`pysaml2 on ${database}`, { timeout: 120_000 }, () => {
    let hallpass;
    let provider;

    before(async () => {
      hallpass = await Hallpass.start(database);
      await hallpass.addUser(user);
      provider = await pysaml2(hallpass, { sign });
      await provider.register();
    });
    after(async () => {
      await provider?.stop();
      await hallpass?.stop();
    });

    it('signs in, and reads a persistent NameID and attributes', async () => {
      const { who } = await expectSignIn(provider);
      assert.equal(who.name_id.format, PERSISTENT);
      assert.ok(!who.name_id.value.includes('@'), 'the NameID tells nothing of the person');
      assert.deepEqual([who.attributes.email, who.attributes.firstName, who.attributes.lastName], [[user.email], [user.given], [user.family]]);
      assert.match(who.session_index, /\S/);
      assert.deepEqual((await expectSignIn(provider)).who.name_id, who.name_id, 'the same in another browser');
    });

    it('signs in by HTTP-POST', async () => {
      const { who } = await expectSignIn(provider, { query: '?binding=post' });
      assert.deepEqual(who.attributes.email, [user.email]);
    });

    it('reads attributes by their short names where they come with their object identifiers', async () => {
      const other = await pysaml2(hallpass, { sign, slug: 'by-oid' });
      try {
        await other.register();
        for (const [oid, source] of [['0.9.2342.19200300.100.1.3', 'email'], ['2.5.4.42', 'given-name'], ['2.5.4.4', 'family-name'], ['2.5.4.11', 'own:unit']]) {
          await hallpass.cli('app', 'attribute', 'set', 'by-oid', `urn:oid:${oid}`, source, '--format', 'uri');
        }
        await hallpass.cli('user', 'edit', user.email, '--attribute', 'unit=Atlas', '--attribute', 'unit=Globes & Maps');
        const { who } = await expectSignIn(other);
        const { mail, givenName, sn, ou } = who.attributes;
        assert.deepEqual([mail, givenName, sn, ou], [[user.email], [user.given], [user.family], ['Atlas', 'Globes & Maps']]);
      } finally {
        await other.stop();
      }
    });

    it('logs out from its side', async () => {
      const { visitor } = await expectSignIn(provider);
      const page = await visitor.openFollowingRedirects(provider.logout);
      assert.match(page.html, /Nobody is signed in/);
      assert.equal(page.origin, provider.origin, 'back where it began');
      assert.equal(await provider.who(visitor), null);
      assert.ok(!await hasSession(visitor), 'and not at Hallpass either');
    });

    describe('as it signs unless told otherwise', () => {
      let careless;

      before(async () => {
        careless = await pysaml2(hallpass, { slug: 'careless' });
        await careless.register();
      });
      after(() => careless?.stop());

      for (const binding of ['redirect', 'post']) {
        it(`is refused with words that name the setting, by ${binding}`, async () => {
          const visitor = new BrowserSession(hallpass, careless.origin);
          let page = await visitor.openFollowingRedirects(`${careless.login}?binding=${binding}`);
          if (binding === 'post') page = await visitor.submitForm(page);
          assert.ok(page.status >= 400, `${page.status}`);
          assert.match(page.html, /signing_algorithm/);
          assert.equal(page.origin, hallpass.origin, 'on a page of ours');
          const [, reference] = /id="code">\S+ ([^<]+)</.exec(page.html);
          const explained = await hallpass.cli('explain', reference);
          for (const words of [`${careless.origin}/metadata`, 'xmldsig#rsa-sha1', 'signing_algorithm']) assert.ok(explained.includes(words), explained);
        });
      }
    });

    it('control: refuses a changed attribute', () => expectRefusal(provider, { change: (xml) => xml.replaceAll(user.email, 'eve@fernweh.example') }, /Signature/));

    it('control: refuses the signature of a key that it does not trust', async () => {
      const stranger = await pysaml2(hallpass, { slug: 'distrusts', sign, trust: await metadataWithOtherKey(hallpass) });
      try {
        await stranger.register();
        await expectRefusal(stranger, {}, /Signature/);
      } finally {
        await stranger.stop();
      }
    });
  });
}
