// ChatGPT's legacy connection, with Auth0's own service-provider library.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { Hallpass, databases } from './lib/hallpass.js';
import { certificateBase64, keyPair, thumbprint } from './lib/keys.js';
import { LegacyServiceProvider, mapped } from './lib/legacy.js';
import { legacy, registerAll, user } from './lib/participants.js';
import { BrowserSession, isSignInPage, postedResponse } from './lib/visitor.js';

const BINDING = 'urn:oasis:names:tc:SAML:2.0:bindings';
const expected = { email: user.email, given: user.given, family: user.family };

for (const database of databases) {
  describe(`legacy connection on ${database}`, () => {
    let hallpass;
    let pem;
    let partner;

    before(async () => {
      hallpass = await Hallpass.start(database);
      await registerAll(hallpass);
      pem = await hallpass.certificatePem();
      partner = await keyPair(hallpass.directory, 'auth0.openai.com');
    });
    after(() => hallpass?.stop());

    /** SSO from end to end: request, sign-in, response, the library's verdict. */
    async function journey(provider, relayState) {
      const asked = await provider.begin(relayState);
      const visitor = new BrowserSession(hallpass);
      const answer = postedResponse(await visitor.signIn(asked.url, user));
      assert.equal(answer.acs, legacy.acs, 'the registered consumer, with its query');
      return { asked, visitor, answer, verdict: await provider.consume(answer.fields) };
    }

    async function expectSignIn(provider, relayState) {
      const { asked, answer, verdict } = await journey(provider, relayState);
      assert.equal(verdict.refusal, undefined);
      assert.deepEqual(mapped(verdict.profile), expected);
      assert.equal(verdict.profile.email, user.email);
      assert.match(verdict.profile.sessionIndex, /\S/);
      assert.equal(verdict.profile.issuer, `${hallpass.origin}/saml/metadata`);
      return { asked, answer, profile: verdict.profile };
    }

    const request = (url) => {
      const bytes = Buffer.from(new URL(url).searchParams.get('SAMLRequest'), 'base64');
      return bytes[0] === 0x3c ? bytes.toString() : inflateRawSync(bytes).toString();
    };

    it('signs in, certificate pasted', async () => {
      const { asked, answer } = await expectSignIn(new LegacyServiceProvider(hallpass, { cert: certificateBase64(pem) }));
      const xml = request(asked.url);
      assert.match(xml, /HTTP-POST/);
      assert.doesNotMatch(xml, /AssertionConsumerServiceURL/);
      assert.equal(answer.fields.RelayState, asked.relayState, 'RelayState byte for byte');
    });

    it('signs in, thumbprint kept', async () => {
      await expectSignIn(new LegacyServiceProvider(hallpass, { thumbprint: thumbprint(pem) }));
    });

    it('signs in, ProtocolBinding HTTP-Redirect', async () => {
      const provider = new LegacyServiceProvider(hallpass, { cert: certificateBase64(pem) }, { protocolBinding: `${BINDING}:HTTP-Redirect` });
      const { asked } = await expectSignIn(provider);
      assert.match(request(asked.url), /ProtocolBinding="[^"]*HTTP-Redirect"/);
    });

    it('signs in, request not deflated', async () => {
      const { asked } = await expectSignIn(new LegacyServiceProvider(hallpass, { cert: certificateBase64(pem) }, { deflate: false }));
      assert.match(Buffer.from(new URL(asked.url).searchParams.get('SAMLRequest'), 'base64').toString(), /^</);
    });

    it('signs in, the ACS URL in the request', async () => {
      const { asked } = await expectSignIn(new LegacyServiceProvider(hallpass, { cert: certificateBase64(pem) }, { callback: legacy.acs }));
      assert.match(request(asked.url), /AssertionConsumerServiceURL/);
    });

    it('signs in, empty RelayState', async () => {
      const { asked, answer } = await expectSignIn(new LegacyServiceProvider(hallpass, { cert: certificateBase64(pem) }), '');
      assert.match(asked.url, /RelayState=(&|$)/);
      assert.equal(answer.fields.RelayState, '', 'empty is returned empty');
    });

    it('signs in, long RelayState of any letters', async () => {
      const relayState = `${'0123456789'.repeat(40)} \u{1F600}<>"'&%2B+`;
      const { answer } = await expectSignIn(new LegacyServiceProvider(hallpass, { cert: certificateBase64(pem) }), relayState);
      assert.equal(answer.fields.RelayState, relayState);
    });

    describe('request signed before its certificate is known: it counts as none, and is shown', () => {
      const signingKey = () => ({ key: partner.key, cert: partner.cert });
      const isShown = async () => {
        const { findings } = JSON.parse(await hallpass.cli('app', 'show', legacy.slug, '--json'));
        return findings.some((text) => text.includes('no certificate is registered'));
      };

      it('signs in with a login', async () => {
        assert.ok(!await isShown(), 'nothing was signed so far');
        const { asked } = await expectSignIn(new LegacyServiceProvider(hallpass, { cert: certificateBase64(pem) }, { signingKey: signingKey() }));
        assert.match(asked.url, /&Signature=/);
        assert.ok(await isShown(), 'app show names the signature');
      });

      it('signs in within a live session', async () => {
        const provider = new LegacyServiceProvider(hallpass, { cert: certificateBase64(pem) }, { signingKey: signingKey() });
        const { visitor } = await journey(provider);
        const verdict = await provider.consume(postedResponse(await visitor.request((await provider.begin()).url)).fields);
        assert.deepEqual(mapped(verdict.profile), expected);
        assert.ok(await isShown(), 'app show names the signature');
      });
    });

    it('answers at once where the person is signed in, and asks again with ForceAuthn', async () => {
      const provider = new LegacyServiceProvider(hallpass, { cert: certificateBase64(pem) });
      const { visitor } = await journey(provider);
      const again = await provider.begin();
      const verdict = await provider.consume(postedResponse(await visitor.request(again.url)).fields);
      assert.deepEqual(mapped(verdict.profile), expected);
      const forced = new LegacyServiceProvider(hallpass, { cert: certificateBase64(pem) }, { forceAuthn: true });
      assert.ok(isSignInPage(await visitor.openFollowingRedirects((await forced.begin()).url)), 'ForceAuthn asks for the password');
    });

    describe('with its certificate registered', () => {
      before(() => hallpass.cli('app', 'edit', legacy.slug, '--certificate', partner.file));

      const signed = (more) => new LegacyServiceProvider(hallpass, { cert: certificateBase64(pem) }, { signingKey: { key: partner.key, cert: partner.cert }, ...more });

      it('signs in, request signed', async () => {
        const { asked } = await expectSignIn(signed());
        assert.match(asked.url, /SigAlg=.*rsa-sha256/);
      });

      it('signs in, request signed over letters that are escaped in several ways', async () => {
        await expectSignIn(signed(), "a~b!c'd(e)f*g é+h/i=j");
      });

      it('signs in, request signed, empty RelayState', async () => {
        const { asked, answer } = await expectSignIn(signed(), '');
        assert.doesNotMatch(asked.url, /RelayState/);
        assert.ok(!('RelayState' in answer.fields), 'none came, none is returned');
      });

      it('signs in, request not deflated with an XML signature inside', async () => {
        const { asked } = await expectSignIn(signed({ deflate: false }));
        assert.match(request(asked.url), /<Signature/);
      });

      it('refuses a request signed by another key, without a response', async () => {
        const other = await keyPair(hallpass.directory, 'other');
        const provider = signed({ signingKey: { key: other.key, cert: other.cert } });
        const page = await new BrowserSession(hallpass).openFollowingRedirects((await provider.begin()).url);
        assert.ok(page.status >= 400, `${page.status}`);
        assert.doesNotMatch(page.html, /SAMLResponse/);
      });

      it('where signatures are required, says RequestDenied to an unsigned request, and takes signed ones', async () => {
        await hallpass.cli('app', 'edit', legacy.slug, '--require-signed-requests', 'true');
        try {
          const provider = new LegacyServiceProvider(hallpass, { cert: certificateBase64(pem) });
          const answer = postedResponse(await new BrowserSession(hallpass).openFollowingRedirects((await provider.begin()).url));
          assert.equal(answer.acs, legacy.acs);
          assert.match(answer.xml, /status:RequestDenied/);
          assert.match((await provider.consume(answer.fields)).refusal, /\S/);
          await expectSignIn(signed());
        } finally {
          await hallpass.cli('app', 'edit', legacy.slug, '--require-signed-requests', 'false');
        }
      });
    });

    describe('control: the library does judge', () => {
      let fields;
      let asked;
      let provider;

      before(async () => {
        provider = new LegacyServiceProvider(hallpass, { cert: certificateBase64(pem) });
        ({ asked, answer: { fields } } = await journey(provider));
      });

      const verdictOn = async (change, options = {}) => {
        const judge = new LegacyServiceProvider(hallpass, options.trust ?? { cert: certificateBase64(pem) }, options.more);
        if (options.asked !== false) judge.asked.add(asked.id);
        const before = Buffer.from(fields.SAMLResponse, 'base64').toString();
        const after = change(before);
        if (!options.same) assert.notEqual(after, before, 'the change took');
        return (await judge.consume({ ...fields, SAMLResponse: Buffer.from(after).toString('base64') })).refusal;
      };
      const same = (xml) => xml;
      const withoutSignature = (xml) => xml.replace(/<(\w+:)?Signature[ >][\s\S]*?<\/(\w+:)?Signature>/g, '');

      it('takes what is untouched', async () => assert.equal(await verdictOn(same, { same: true }), undefined));
      it('refuses another e-mail', async () => assert.match(await verdictOn((xml) => xml.replaceAll(user.email, 'eve@fernweh.example')), /Signature check errors/));
      it('refuses another family name', async () => assert.match(await verdictOn((xml) => xml.replaceAll('Söhne', 'Tochter')), /Signature check errors/));
      it('refuses another status', async () => assert.match(await verdictOn((xml) => xml.replace('status:Success', 'status:Responder')), /\S/));
      it('refuses it unsigned', async () => assert.match(await verdictOn(withoutSignature), /neither the response nor the assertion are signed/));
      it('refuses it by another certificate', async () => assert.match(await verdictOn(same, { same: true, trust: { cert: certificateBase64(partner.cert) } }), /Signature check errors/));
      it('refuses it by another thumbprint', async () => assert.match(await verdictOn(same, { same: true, trust: { thumbprint: thumbprint(partner.cert) } }), /Invalid thumbprint/));
      it('refuses it for another audience', async () => assert.match(await verdictOn(same, { same: true, more: { realm: 'urn:auth0:openai:org-OTHER' } }), /Audience is invalid/));
      it('refuses it at another address', async () => assert.match(await verdictOn(same, { same: true, more: { arrivesAt: legacy.acs.replace('TEST', 'OTHER') } }), /Destination endpoint .* did not match/));
      it('refuses it with another recipient', async () => assert.match(await verdictOn(same, { same: true, more: { recipientUrl: `${legacy.acs}x` } }), /Recipient is invalid/));
      it('refuses an answer to nothing', async () => assert.match(await verdictOn(same, { same: true, asked: false }), /was never asked/));
    });
  });
}
