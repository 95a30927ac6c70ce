// samlify, which takes its settings out of metadata, ours and its own.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { person } from './lib/cast.js';
import { Hallpass, databases } from './lib/hallpass.js';
import { hasSession, isRefused, signsIn } from './lib/journey.js';
import { distrusted } from './lib/keys.js';
import { samlify } from './lib/samlify.js';

for (const database of databases) {
  describe(`samlify on ${database}`, { timeout: 120_000 }, () => {
    let hallpass;
    let provider;

    before(async () => {
      hallpass = await Hallpass.start(database);
      await hallpass.addPerson(person);
      provider = await samlify(hallpass);
      await provider.register();
    });
    after(async () => {
      await provider?.stop();
      await hallpass?.stop();
    });

    it('signs in with our metadata, and reads NameID and attributes', async () => {
      const { who } = await signsIn(provider);
      assert.equal(who.name_id.value, person.email);
      assert.deepEqual([who.attributes.email, who.attributes.firstName, who.attributes.lastName], [person.email, person.given, person.family]);
    });

    it('logs out from its side', async () => {
      const { visitor } = await signsIn(provider);
      const page = await visitor.open(provider.logout);
      assert.match(page.html, /Nobody is signed in/);
      assert.equal(page.origin, provider.origin, 'back where it began');
      assert.ok(!await hasSession(visitor), 'and not at Hallpass either');
    });

    it('control: refuses a changed attribute', () => isRefused(provider, { change: (xml) => xml.replaceAll(person.email, 'eve@fernweh.example') }, /SIGNATURE/));

    it('control: refuses the signature of a key that it does not trust', async () => {
      const stranger = await samlify(hallpass, { slug: 'distrusts', trust: await distrusted(hallpass) });
      try {
        await stranger.register();
        await isRefused(stranger, {}, /SIGNATURE|MATCH/);
      } finally {
        await stranger.stop();
      }
    });
  });
}
