// Which parts are signed and with which algorithm, for one service provider after the other; each refuses less than it
// requires.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Hallpass, mainDatabase as database } from './lib/hallpass.js';
import { mellon } from './lib/mellon.js';
import { nodeSaml } from './lib/node-saml.js';
import { user } from './lib/participants.js';
import { pysaml2, python3Saml } from './lib/python.js';
import { expectRefusal, expectSignIn } from './lib/sign-in.js';

const sign = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';

// What each accepts, and what it refuses. (node-saml does not support rsa-sha384.)
const providers = {
  'python3-saml': { start: python3Saml, takes: [['both', 'rsa-sha384'], ['both', 'rsa-sha512']], refuses: [['response', 'rsa-sha256'], ['assertion', 'rsa-sha256']] },
  pysaml2: { start: (hallpass) => pysaml2(hallpass, { sign }), takes: [['both', 'rsa-sha384'], ['both', 'rsa-sha512']], refuses: [['response', 'rsa-sha256'], ['assertion', 'rsa-sha256']] },
  mod_auth_mellon: { start: mellon, takes: [['both', 'rsa-sha384'], ['assertion', 'rsa-sha512'], ['response', 'rsa-sha256']], refuses: [] },
  'node-saml': { start: nodeSaml, takes: [['both', 'rsa-sha512']], refuses: [['both', 'rsa-sha384'], ['response', 'rsa-sha256'], ['assertion', 'rsa-sha256']] },
};

describe(`signatures on ${database}`, { timeout: 120_000 }, () => {
  let hallpass;
  before(async () => {
    hallpass = await Hallpass.start(database);
    await hallpass.addUser(user);
  });
  after(() => hallpass?.stop());

  for (const [name, { start, takes, refuses }] of Object.entries(providers)) {
    describe(name, () => {
      let provider;
      before(async () => {
        provider = await start(hallpass);
        await provider.register();
      });
      after(() => provider?.stop());

      const set = ([what, algorithm]) => hallpass.cli('app', 'edit', provider.slug, '--sign', what, '--algorithm', algorithm);

      for (const making of takes) {
        it(`takes ${making.join(', ')}`, async () => {
          await set(making);
          const { who, xml } = await expectSignIn(provider);
          assert.deepEqual([who.attributes.email].flat(), [user.email]);
          const algorithms = [...xml.matchAll(/SignatureMethod Algorithm="[^"#]*#([^"]*)"/g)].map(([, found]) => found);
          assert.deepEqual(algorithms, making[0] === 'both' ? [making[1], making[1]] : [making[1]]);
        });
      }
      for (const making of refuses) {
        it(`control: refuses ${making.join(', ')}`, async () => {
          await set(making);
          await expectRefusal(provider, {});
        });
      }
    });
  }
});
