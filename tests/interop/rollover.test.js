// A signing key rollover during SSO: service providers that read our metadata between `prepare` and `activate` never
// notice.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Hallpass, mainDatabase as database } from './lib/hallpass.js';
import { mellon } from './lib/mellon.js';
import { user } from './lib/participants.js';
import { pysaml2, python3Saml } from './lib/python.js';
import { expectRefusal, expectSignIn } from './lib/sign-in.js';

const sign = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';

describe(`a new key on ${database}`, { timeout: 120_000 }, () => {
  let hallpass;
  let all;

  before(async () => {
    hallpass = await Hallpass.start(database);
    await hallpass.addUser(user);
    const at = async (slug) => ({ slug, idp: await ownMetadata(slug) });
    all = await Promise.all([python3Saml(hallpass, await at('python3-saml')), pysaml2(hallpass, { sign, ...(await at('pysaml2')) }), mellon(hallpass), mellon(hallpass, { slug: 'late' })]);
    for (const provider of all) await provider.register();
  });
  after(async () => {
    await Promise.all((all ?? []).map((provider) => provider.stop()));
    await hallpass?.stop();
  });

  // A draft has the metadata URL that its application will have.
  const ownMetadata = async (slug) => JSON.parse(await hallpass.cli('app', 'draft', '--name', slug, '--slug', slug, '--json')).paste.metadata_url;
  const ownPath = async (slug) => new URL(JSON.parse(await hallpass.cli('app', 'show', slug, '--json')).paste.metadata_url).pathname;
  const published = async () => [...(await hallpass.metadata()).matchAll(/use="signing".*?<ds:X509Certificate>([^<]*)/gs)].map(([, certificate]) => certificate);

  /** The daemon notices a change of keys within seconds. */
  async function until(holds) {
    for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((done) => setTimeout(done, 100))) if (holds(await published())) return;
    assert.fail('the daemon does not take the change up');
  }

  it('is followed by who read our metadata in between, and refused by who did not', async () => {
    const [follows, late] = [all.slice(0, 3), all[3]];
    const [old] = await published();
    await expectSignIn(late);

    await hallpass.cli('key', 'roll', 'prepare');
    await until((certificates) => certificates.length === 2);
    // python3-saml and pysaml2 read our metadata at each sign-in; mellon when its administrator fetches it.
    await all[2].reloadMetadata(await ownPath('mellon'));
    for (const provider of follows) assert.ok((await expectSignIn(provider)).xml.includes(old), 'the old one signs');

    const { applications } = JSON.parse(await hallpass.cli('key', 'roll', 'status', '--json'));
    assert.deepEqual(applications.filter((one) => !one.follows).map((one) => one.slug), ['late'], 'who follows is known');
    await hallpass.cli('key', 'roll', 'activate', '--force');
    await until(([first]) => first !== old);
    for (const provider of follows) assert.ok(!(await expectSignIn(provider)).xml.includes(old), 'the new one signs');
    await expectRefusal(late, {});

    await late.reloadMetadata(await ownPath('late'));
    await expectSignIn(late);
  });
});
