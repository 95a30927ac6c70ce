// mod_auth_mellon: Apache signs users in, and requests a transient NameID.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Hallpass, databases } from './lib/hallpass.js';
import { metadataWithOtherKey } from './lib/keys.js';
import { mellon } from './lib/mellon.js';
import { user } from './lib/participants.js';
import { expectRefusal, expectSignIn, hasSession } from './lib/sign-in.js';

const TRANSIENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient';

for (const database of databases) {
  describe(`mod_auth_mellon on ${database}`, { timeout: 120_000 }, () => {
    let hallpass;
    let provider;

    before(async () => {
      hallpass = await Hallpass.start(database);
      await hallpass.addUser(user);
      provider = await mellon(hallpass);
      await provider.register();
    });
    after(async () => {
      await provider?.stop();
      await hallpass?.stop();
    });

    it('signs in with our metadata, and the application behind it reads a transient NameID and attributes', async () => {
      const { who, xml } = await expectSignIn(provider);
      const [, format, value] = /<(?:\w+:)?NameID\b[^>]*Format="([^"]*)"[^>]*>([^<]*)</.exec(xml);
      assert.equal(format, TRANSIENT);
      assert.equal(who.name_id.value, value);
      assert.ok(!value.includes('@'), 'it tells nothing of the person');
      assert.equal(who.idp, `${hallpass.origin}/saml/metadata`);
      const { email, firstName, lastName } = who.attributes;
      // mellon 0.18 passes on the XML text: markup stays escaped.
      assert.deepEqual([email, firstName, lastName], [user.email, 'Miré "Mi" &lt;b&gt;', "O'Castellane &amp; Söhne"]);
    });

    it('knows somebody else in another browser', async () => {
      const [one, two] = [await expectSignIn(provider), await expectSignIn(provider)];
      assert.notEqual(one.who.name_id.value, two.who.name_id.value);
    });

    it('logs out from its side', async () => {
      const { visitor } = await expectSignIn(provider);
      const page = await visitor.openFollowingRedirects(provider.logout);
      assert.match(page.html, /Nobody is signed in/, await provider.log());
      assert.equal(page.origin, provider.origin, 'back where it began');
      assert.equal(await provider.who(visitor), null);
      assert.ok(!await hasSession(visitor), 'and not at Hallpass either');
    });

    it('takes a response that it did not ask for, where both sides allow that', async () => {
      await hallpass.cli('app', 'edit', 'mellon', '--allow-idp-initiated', 'true');
      const { who } = await expectSignIn(provider, { address: `${hallpass.origin}/saml/start/mellon` });
      assert.equal(who.attributes.email, user.email);
    });

    it('control: refuses a changed attribute', () => expectRefusal(provider, { change: (xml) => xml.replaceAll(user.email, 'eve@fernweh.example') }));

    it('control: refuses the signature of a key that it does not trust', async () => {
      const stranger = await mellon(hallpass, { slug: 'distrusts', idp: await metadataWithOtherKey(hallpass) });
      try {
        await stranger.register();
        await expectRefusal(stranger, {});
      } finally {
        await stranger.stop();
      }
    });
  });
}
