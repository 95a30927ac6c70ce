// Service providers that require encrypted assertions: each decrypts with its own key, and with no other.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Hallpass, mainDatabase as database } from './lib/hallpass.js';
import { mellon } from './lib/mellon.js';
import { nodeSaml } from './lib/node-saml.js';
import { user } from './lib/participants.js';
import { pysaml2, python3Saml } from './lib/python.js';
import { expectRefusal, expectSignIn } from './lib/sign-in.js';

const sign = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';

const providers = {
  'python3-saml': (hallpass) => python3Saml(hallpass, { encrypted: true }),
  pysaml2: (hallpass) => pysaml2(hallpass, { sign, encrypted: true }),
  'mod_auth_mellon': (hallpass) => mellon(hallpass),
  'node-saml': (hallpass) => nodeSaml(hallpass, { encrypted: true }),
};

describe(`encrypted assertions on ${database}`, { timeout: 120_000 }, () => {
  let hallpass;
  before(async () => {
    hallpass = await Hallpass.start(database);
    await hallpass.addUser(user);
  });
  after(() => hallpass?.stop());

  it('control: one that wants it encrypted refuses what is not', async () => {
    const open = await python3Saml(hallpass, { slug: 'open', encrypted: true });
    try {
      await open.register();
      await expectRefusal(open, {}, /not encrypted/);
    } finally {
      await open.stop();
    }
  });

  for (const [name, start] of Object.entries(providers)) {
    describe(name, () => {
      let provider;
      before(async () => {
        provider = await start(hallpass);
        await provider.register('--encrypt', name === 'node-saml' ? 'aes128-gcm' : 'aes256-gcm');
      });
      after(() => provider?.stop());

      it('decrypts what it is sent, and reads the attributes', async () => {
        const { who, xml } = await expectSignIn(provider);
        assert.match(xml, /EncryptedAssertion/);
        assert.ok(!xml.includes(user.email), 'the e-mail is not there to be read on the way');
        assert.deepEqual([who.attributes.email].flat(), [user.email]);
      });

      it('control: refuses what was changed on the way', () => expectRefusal(provider, {
        change: (xml) => xml.replace(/(<(?:\w+:)?CipherValue>[A-Za-z0-9+/]{200})(.)(?=[A-Za-z0-9+/]{800})/, (_, head, letter) => head + (letter === 'A' ? 'B' : 'A')),
      }));
    });
  }
});
