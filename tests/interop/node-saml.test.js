// node-saml, the library under passport-saml: requires both signatures, signs requests, and deflates them even when it
// posts them.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { Hallpass, databases } from './lib/hallpass.js';
import { keyPair } from './lib/keys.js';
import { nodeSaml } from './lib/node-saml.js';
import { user } from './lib/participants.js';
import { expectRefusal, expectSignIn, hasSession } from './lib/sign-in.js';
import { BrowserSession, formOf } from './lib/visitor.js';

const EMAIL = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';

for (const database of databases) {
  describe(`node-saml on ${database}`, { timeout: 120_000 }, () => {
    let hallpass;
    let provider;

    before(async () => {
      hallpass = await Hallpass.start(database);
      await hallpass.addUser(user);
      provider = await nodeSaml(hallpass);
      await provider.register();
    });
    after(async () => {
      await provider?.stop();
      await hallpass?.stop();
    });

    const reads = (who) => {
      assert.deepEqual([who.name_id.value, who.name_id.format], [user.email, EMAIL]);
      assert.deepEqual([who.attributes.email, who.attributes.firstName, who.attributes.lastName], [user.email, user.given, user.family]);
    };

    it('signs in, and reads NameID and attributes', async () => reads((await expectSignIn(provider)).who));

    it('signs in by HTTP-POST, deflated as it is used to', async () => {
      const page = await new BrowserSession(hallpass, provider.origin).openFollowingRedirects(`${provider.login}?binding=post`);
      const bytes = Buffer.from(formOf(page.html).fields.SAMLRequest, 'base64');
      assert.match(inflateRawSync(bytes).toString(), /<samlp:AuthnRequest[\s\S]*<Signature /, 'deflated, with its signature inside');
      reads((await expectSignIn(provider, { query: '?binding=post' })).who);
    });

    it('signs in by HTTP-POST, not deflated', async () => {
      const plain = await nodeSaml(hallpass, { slug: 'plain', options: { skipRequestCompression: true } });
      try {
        await plain.register();
        reads((await expectSignIn(plain, { query: '?binding=post' })).who);
      } finally {
        await plain.stop();
      }
    });

    it('reads what LibreChat reads of it', async () => {
      const librechat = await nodeSaml(hallpass, { slug: 'librechat' });
      try {
        await librechat.register('--preset', 'librechat');
        const { email, given_name: given, family_name: family, name } = (await expectSignIn(librechat)).who.attributes;
        assert.deepEqual([email, given, family, name], [user.email, user.given, user.family, `${user.given} ${user.family}`]);
      } finally {
        await librechat.stop();
      }
    });

    it('logs out from its side', async () => {
      const { visitor } = await expectSignIn(provider);
      // Its metadata names HTTP-POST for logout, so the response is posted.
      const page = await visitor.submitForm(await visitor.openFollowingRedirects(provider.logout));
      assert.match(page.html, /Nobody is signed in/);
      assert.equal(page.origin, provider.origin, 'back where it began');
      assert.ok(!await hasSession(visitor), 'and not at Hallpass either');
    });

    it('control: refuses a changed attribute', () => expectRefusal(provider, { change: (xml) => xml.replaceAll(user.email, 'eve@fernweh.example') }, /[Ss]ignature/));

    it('control: refuses the signature of a key that it does not trust', async () => {
      const stranger = await nodeSaml(hallpass, { slug: 'distrusts', trust: (await keyPair(hallpass.directory, 'stranger')).cert });
      try {
        await stranger.register();
        await expectRefusal(stranger, {}, /[Ss]ignature/);
      } finally {
        await stranger.stop();
      }
    });
  });
}
