// python3-saml, strict: requires both signatures, and signs every message of its own.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Hallpass, databases } from './lib/hallpass.js';
import { certificateBase64, keyPair } from './lib/keys.js';
import { user } from './lib/participants.js';
import { python3Saml } from './lib/python.js';
import { expectRefusal, expectSignIn, hasSession } from './lib/sign-in.js';
import { isSignInPage } from './lib/visitor.js';

const PERSISTENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent';
const UNSPECIFIED = 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified';
const EMAIL = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';

for (const database of databases) {
  describe(`python3-saml on ${database}`, { timeout: 120_000 }, () => {
    let hallpass;
    let provider;

    before(async () => {
      hallpass = await Hallpass.start(database);
      await hallpass.addUser(user);
      provider = await python3Saml(hallpass);
      await provider.register();
    });
    after(async () => {
      await provider?.stop();
      await hallpass?.stop();
    });

    it('signs in, and reads NameID and attributes', async () => {
      const { who } = await expectSignIn(provider);
      assert.deepEqual([who.name_id.value, who.name_id.format], [user.email, EMAIL]);
      assert.deepEqual([who.attributes.email, who.attributes.firstName, who.attributes.lastName], [[user.email], [user.given], [user.family]]);
      assert.match(who.session_index, /\S/);
    });

    it('logs out from its side', async () => {
      const { visitor } = await expectSignIn(provider);
      const page = await visitor.openFollowingRedirects(provider.logout);
      assert.match(page.html, /Nobody is signed in/);
      assert.equal(page.origin, provider.origin, 'back where it began');
      assert.equal(await provider.who(visitor), null);
      assert.ok(!await hasSession(visitor), 'and not at Hallpass either');
    });

    it('asks for the password again where it wants a fresh login', async () => {
      const { visitor } = await expectSignIn(provider);
      assert.ok(!isSignInPage(await visitor.openFollowingRedirects(provider.login)), 'a session answers at once');
      assert.ok(isSignInPage(await visitor.openFollowingRedirects(`${provider.login}?force=1`)));
    });

    it('learns in its own words that nobody is signed in, where it may not ask', () => expectRefusal(provider, { query: '?passive=1', success: false }, /Responder .*not signed in/));

    /** Runs `deed` with another python3-saml, and stops that afterwards. */
    async function beside(options, deed, ...registration) {
      const other = await python3Saml(hallpass, options);
      try {
        await other.register(...registration);
        await deed(other);
      } finally {
        await other.stop();
      }
    }

    it('takes the e-mail where it leaves the NameID to us', () => beside({ slug: 'unspecified', name_id_format: UNSPECIFIED }, async (other) => {
      const { who } = await expectSignIn(other);
      assert.deepEqual([who.name_id.value, who.name_id.format], [user.email, EMAIL]);
    }));

    it('takes a persistent NameID where it asks for one, for it alone', () => beside({ slug: 'persistent', name_id_format: PERSISTENT }, async (other) => {
      const { who } = await expectSignIn(other);
      assert.deepEqual([who.name_id.format, who.name_id.sp_name_qualifier], [PERSISTENT, `${other.origin}/metadata`]);
      assert.equal((await expectSignIn(other)).who.name_id.value, who.name_id.value, 'the same in another browser');
      await beside({ slug: 'persistent-2', name_id_format: PERSISTENT }, async (third) => {
        assert.notEqual((await expectSignIn(third)).who.name_id.value, who.name_id.value, 'another at another service provider');
      });
    }));

    it('learns in its own words that a way of signing in is not to be had here', () => beside(
      { slug: 'x509', authn_context: ['urn:oasis:names:tc:SAML:2.0:ac:classes:X509'] },
      (other) => expectRefusal(other, { success: false }, /was not Success/),
    ));

    it('control: refuses a changed attribute', () => expectRefusal(provider, { change: (xml) => xml.replaceAll(user.email, 'eve@fernweh.example') }, /invalid_response/));

    it('control: refuses the signature of a key that it does not trust', async () => {
      const { cert } = await keyPair(hallpass.directory, 'stranger');
      await beside({ slug: 'distrusts', trust: certificateBase64(cert) }, (other) => expectRefusal(other, {}, /invalid_response/));
    });
  });
}
