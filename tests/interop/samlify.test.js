// samlify, which takes its settings from metadata: ours and its own.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Hallpass, databases } from './lib/hallpass.js';
import { metadataWithOtherKey } from './lib/keys.js';
import { user } from './lib/participants.js';
import { samlify } from './lib/samlify.js';
import { expectRefusal, expectSignIn, hasSession } from './lib/sign-in.js';

for (const database of databases) {
  describe(`samlify on ${database}`, { timeout: 120_000 }, () => {
    let hallpass;
    let provider;

    before(async () => {
      hallpass = await Hallpass.start(database);
      await hallpass.addUser(user);
      provider = await samlify(hallpass);
      await provider.register();
    });
    after(async () => {
      await provider?.stop();
      await hallpass?.stop();
    });

    it('signs in with our metadata, and reads NameID and attributes', async () => {
      const { who } = await expectSignIn(provider);
      assert.equal(who.name_id.value, user.email);
      assert.deepEqual([who.attributes.email, who.attributes.firstName, who.attributes.lastName], [user.email, user.given, user.family]);
    });

    it('logs out from its side', async () => {
      const { visitor } = await expectSignIn(provider);
      const page = await visitor.openFollowingRedirects(provider.logout);
      assert.match(page.html, /Nobody is signed in/);
      assert.equal(page.origin, provider.origin, 'back where it began');
      assert.ok(!await hasSession(visitor), 'and not at Hallpass either');
    });

    it('control: refuses a changed attribute', () => expectRefusal(provider, { change: (xml) => xml.replaceAll(user.email, 'eve@fernweh.example') }, /SIGNATURE/));

    it('control: refuses the signature of a key that it does not trust', async () => {
      const stranger = await samlify(hallpass, { slug: 'distrusts', trust: await metadataWithOtherKey(hallpass) });
      try {
        await stranger.register();
        await expectRefusal(stranger, {}, /SIGNATURE|MATCH/);
      } finally {
        await stranger.stop();
      }
    });
  });
}
