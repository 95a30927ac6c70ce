// One user in one browser, Chromium, at five service providers, each of them another site.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { chromium } from 'playwright-core';
import { openBrowser } from './lib/browser.js';
import { Hallpass, mainDatabase as database } from './lib/hallpass.js';
import { certificateBase64 } from './lib/keys.js';
import { mellon } from './lib/mellon.js';
import { nodeSaml } from './lib/node-saml.js';
import { user } from './lib/participants.js';
import { pysaml2, python3Saml } from './lib/python.js';
import { samlify } from './lib/samlify.js';
import { wsfed } from './lib/wsfed.js';

const sign = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
const WAIT = 15_000;

describe(`all in one browser on ${database}`, { timeout: 240_000 }, () => {
  let hallpass;
  let browser;
  let all;
  let withLogout;
  let context;
  let complaints;

  before(async () => {
    [hallpass, browser] = await Promise.all([Hallpass.start(database), openBrowser(chromium)]);
    await hallpass.addUser(user);
    // node-saml's metadata names HTTP-POST alone for logout, the others HTTP-Redirect; wsfed has no logout.
    withLogout = await Promise.all([python3Saml(hallpass), pysaml2(hallpass, { sign }), mellon(hallpass), nodeSaml(hallpass)]);
    all = [...withLogout, await wsfed(hallpass, { cert: certificateBase64(await hallpass.certificatePem()) })];
    for (const provider of all) await provider.register('--tile-url', `${provider.origin}/`);
  });
  after(async () => {
    await browser?.close();
    await Promise.all((all ?? []).map((provider) => provider.stop()));
    await hallpass?.stop();
  });
  beforeEach(async () => { context = await visit(); });
  afterEach(async () => {
    await context.close();
    assert.deepEqual(complaints, [], 'the browser stopped nothing');
  });

  async function visit() {
    complaints = [];
    const opened = await browser.newContext();
    opened.setDefaultTimeout(WAIT);
    // Chromium reports on the console what a page's policy forbids.
    opened.on('console', (message) => { if (/Content Security Policy|Content-Security-Policy/i.test(message.text())) complaints.push(message.text()); });
    return opened;
  }

  async function heading(page, words) {
    await page.getByRole('heading', { level: 1, name: words }).waitFor().catch(async (why) => {
      throw new Error(`${words}? ${page.url()}: ${await page.locator('body').innerText().catch(() => why.message)}`);
    });
  }

  async function typePassword(page) {
    await page.getByLabel('E-mail').fill(user.email);
    await page.getByLabel('Password', { exact: true }).fill(user.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  }

  async function signInAt(page, provider, { first = false } = {}) {
    await page.goto(provider.login);
    if (first) await typePassword(page);
    await heading(page, 'Signed in');
    assert.equal(new URL(page.url()).origin, provider.origin);
  }

  /** Signs in at all of them with one password; the returned page is at the last one. */
  async function everywhere() {
    const page = await context.newPage();
    let first = true;
    for (const provider of all) {
      await signInAt(page, provider, { first });
      first = false;
    }
    return page;
  }

  /** Where the user is still signed in, according to the service providers and to Hallpass. */
  async function whoIsIn(inside = context) {
    const tab = await inside.newPage();
    const found = [];
    for (const provider of all) {
      await tab.goto(`${provider.origin}/who`);
      if (JSON.parse(await tab.textContent('body')) !== null) found.push(provider.slug);
    }
    await tab.goto(hallpass.origin);
    if (await tab.getByRole('heading', { level: 1 }).innerText() !== 'Sign in') found.push('hallpass');
    await tab.close();
    return found;
  }

  const names = () => all.map((provider) => provider.slug);

  /** The badge of each application on our page. */
  async function told(page) {
    const rows = {};
    for (const row of await page.getByRole('listitem').all()) rows[await row.locator('bdi').innerText()] = await row.locator('.badge').innerText();
    return rows;
  }

  const outcome = { 'python3-saml': 'Ended', pysaml2: 'Ended', mellon: 'Ended', 'node-saml': 'Ended', wsfed: 'Still open' };

  it('one password opens all of them', async () => {
    await everywhere();
    assert.deepEqual(await whoIsIn(), [...names(), 'hallpass']);
  });

  it('a request by form from another site finds the session', async () => {
    const page = await context.newPage();
    await signInAt(page, withLogout[0], { first: true });
    for (const provider of [withLogout[1], withLogout[3]]) {
      await page.goto(`${provider.login}?binding=post`);
      await heading(page, 'Signed in');
      assert.equal(new URL(page.url()).origin, provider.origin);
    }
  });

  for (const which of [0, 1, 2, 3]) {
    it(`logout at ${['python3-saml', 'pysaml2', 'mod_auth_mellon', 'node-saml'][which]} ends the others, and says which one it could not end`, async () => {
      const page = await everywhere();
      const provider = withLogout[which];
      await page.goto(provider.logout, { waitUntil: 'commit' });
      await heading(page, `Going back to ${provider.slug}`);
      const { [provider.slug]: itself, ...others } = outcome;
      assert.deepEqual(await told(page), others);
      await page.getByText('One application did not confirm').waitFor();
      assert.equal(await page.getByRole('link', { name: 'Open wsfed' }).getAttribute('href'), `${all.at(-1).origin}/`);
      await page.getByRole('link', { name: /Go back to/ }).click();
      await heading(page, 'Nobody is signed in');
      assert.equal(new URL(page.url()).origin, provider.origin, 'back where it began');
      assert.deepEqual(await whoIsIn(), ['wsfed']);
    });
  }

  it('logout here ends them, and says which one it could not end', async () => {
    const page = await everywhere();
    await page.goto(hallpass.slo);
    await heading(page, 'Sign out?');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await heading(page, 'You are signed out here');
    assert.deepEqual(await told(page), outcome);
    await page.getByRole('link', { name: 'Open wsfed' }).waitFor();
    assert.deepEqual(await whoIsIn(), ['wsfed']);
  });

  it('logout here ends everything where everything can be ended', async () => {
    const page = await context.newPage();
    await signInAt(page, withLogout[0], { first: true });
    for (const provider of withLogout.slice(1)) await signInAt(page, provider);
    await page.goto(hallpass.origin);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await heading(page, 'You are signed out everywhere');
    assert.deepEqual(await whoIsIn(), []);
  });

  it('says of an application whose answer is not signed that it did not confirm', async () => {
    const careless = await samlify(hallpass);
    try {
      await careless.register();
      const page = await context.newPage();
      await signInAt(page, withLogout[0], { first: true });
      await signInAt(page, careless);
      await page.goto(hallpass.slo);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await heading(page, 'You are signed out here');
      assert.deepEqual(await told(page), { 'python3-saml': 'Ended', samlify: 'Not confirmed' });
    } finally {
      await careless.stop();
    }
  });

  it('goes on past an application that is down, after Back and one click', async () => {
    const down = await python3Saml(hallpass, { slug: 'down', host: 'down.localhost' });
    const page = await context.newPage();
    try {
      await down.register();
      await signInAt(page, down, { first: true });
      await signInAt(page, withLogout[1]);
    } finally {
      await down.stop();
    }
    await page.goto(hallpass.slo);
    await page.getByRole('button', { name: 'Sign out' }).click();
    // The application does not respond: Chromium shows a page of its own.
    for (const end = Date.now() + WAIT; !page.url().startsWith('chrome-error:') && Date.now() < end;) await page.waitForTimeout(100);
    // And changes the process of the tab on the way there.
    await page.waitForLoadState();
    await page.goBack();
    await page.getByRole('button', { name: 'Continue', exact: true }).click();
    await heading(page, 'You are signed out here');
    assert.deepEqual(await told(page), { down: 'Not confirmed', pysaml2: 'Ended' });
  });

  it('logout in one browser leaves the same person signed in in another', async () => {
    const page = await everywhere();
    const here = context;
    context = await visit();
    await everywhere();
    await page.goto(withLogout[2].logout, { waitUntil: 'commit' });
    await page.getByRole('link', { name: /Go back to/ }).click();
    await heading(page, 'Nobody is signed in');
    assert.deepEqual(await whoIsIn(here), ['wsfed']);
    assert.deepEqual(await whoIsIn(), [...names(), 'hallpass']);
    await here.close();
  });
});
