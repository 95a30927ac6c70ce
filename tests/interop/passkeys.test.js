// Passkeys in Chromium, with its virtual authenticator; @simplewebauthn/server verifies what the browser sends, too.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server';
import { chromium } from 'playwright-core';
import { openBrowser } from './lib/browser.js';
import { Hallpass, databases } from './lib/hallpass.js';

const WAIT = 15_000;
const ada = { email: 'ada@fernweh.example', given: 'Ada', family: 'Lovelace', password: 'plum river candle orbit' };

for (const database of databases) {
  describe(`passkeys in Chromium on ${database}`, { timeout: 300_000 }, () => {
    let hallpass;
    let browser;
    let context;
    let page;
    let cdp;
    let authenticator;
    /** What the browser sent, the last one last: fields of forms. */
    let sent;
    let complaints;

    before(async () => {
      [hallpass, browser] = await Promise.all([Hallpass.start(database, 'localhost'), openBrowser(chromium)]);
      await hallpass.addUser(ada);
    });
    after(async () => {
      await browser?.close();
      await hallpass?.stop();
    });
    beforeEach(async () => { await visit(); });
    afterEach(async () => {
      await context.close();
      assert.deepEqual(complaints, [], 'no page complains');
      await hallpass.cli('user', 'second-factor', ada.email, '--remove-all');
    });

    /** A new browser with a new authenticator, which confirms at once unless `options` say otherwise. */
    async function visit(options = {}, contextOptions = {}) {
      await context?.close();
      context = await browser.newContext(contextOptions);
      context.setDefaultTimeout(WAIT);
      page = await context.newPage();
      [sent, complaints] = [[], []];
      context.on('weberror', (error) => complaints.push(String(error.error())));
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      page.on('request', (request) => {
        if (request.method() === 'POST') sent.push(Object.fromEntries(new URLSearchParams(request.postData() ?? '')));
      });
      cdp = await context.newCDPSession(page);
      await cdp.send('WebAuthn.enable');
      const added = await cdp.send('WebAuthn.addVirtualAuthenticator', {
        options: {
          protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
          automaticPresenceSimulation: true, ...options,
        },
      });
      authenticator = added.authenticatorId;
    }

    const button = (name) => page.getByRole('button', { name });
    const heading = (words) => page.getByRole('heading', { level: 1, name: words }).waitFor();

    /** A click that the authenticator sees, and no page before it. */
    const present = (enabled) => cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: authenticator, enabled });

    async function typePassword() {
      await present(false);
      await page.goto(`${hallpass.origin}/login`);
      await page.getByLabel('E-mail').fill(ada.email);
      await page.getByLabel('Password', { exact: true }).fill(ada.password);
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await present(true);
    }

    async function signOut() {
      await page.goto(`${hallpass.origin}/account/second-factors`);
      await button('Sign out').click();
      await heading(/signed out/i);
    }

    const question = () => page.locator('form[data-passkey]').getAttribute('data-options').then(JSON.parse);
    const answer = () => JSON.parse(sent.findLast((form) => form.credential).credential);

    /** Adds a passkey in a session; returns what the second verifier keeps of it. */
    async function addPasskey() {
      await page.goto(`${hallpass.origin}/account/second-factors`);
      await page.getByRole('link', { name: 'Add a passkey' }).click();
      await heading('Add a passkey');
      const asked = await question();
      await page.getByLabel('Name, if you like').fill('Laptop');
      await button('Add a passkey').click();
      await heading('Keep these ten codes');
      const verified = await verifyRegistrationResponse({
        response: answer(),
        expectedChallenge: asked.challenge,
        expectedOrigin: hallpass.origin,
        expectedRPID: 'localhost',
        requireUserVerification: true,
      });
      assert.ok(verified.verified);
      assert.equal(verified.registrationInfo.fmt, 'none');
      return verified.registrationInfo;
    }

    async function verifyBySecond(asked, known) {
      const verified = await verifyAuthenticationResponse({
        response: answer(),
        expectedChallenge: asked.challenge,
        expectedOrigin: hallpass.origin,
        expectedRPID: 'localhost',
        requireUserVerification: true,
        authenticator: {
          credentialID: known.credentialID,
          credentialPublicKey: known.credentialPublicKey,
          counter: known.counter,
        },
      });
      assert.ok(verified.verified);
    }

    it('adds one, confirms with it after the password, and a second verifier agrees', async () => {
      await typePassword();
      await page.getByText('Ada').first().waitFor();
      const known = await addPasskey();
      const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId: authenticator });
      assert.equal(credentials.length, 1);
      assert.ok(credentials[0].isResidentCredential, 'it can be discovered');
      await signOut();
      await typePassword();
      await heading('Confirm with your passkey');
      const asked = await question();
      await button('Use my passkey').click();
      await page.waitForURL(`${hallpass.origin}/`);
      await verifyBySecond(asked, known);
    });

    it('signs in with it alone, by the button', async () => {
      await typePassword();
      await page.getByText('Ada').first().waitFor();
      const known = await addPasskey();
      await signOut();
      // Where the browser offers nothing in the field.
      await page.addInitScript(() => { PublicKeyCredential.isConditionalMediationAvailable = async () => false; });
      await page.goto(`${hallpass.origin}/login`);
      const asked = await question();
      await button('Sign in with a passkey').click();
      await page.waitForURL(`${hallpass.origin}/`);
      await verifyBySecond(asked, known);
      assert.match(await hallpass.cli('audit', '-n', '20', '--json'), /by hwk/);
    });

    it('signs in from the field for the address', async () => {
      await typePassword();
      await page.getByText('Ada').first().waitFor();
      await addPasskey();
      await signOut();
      // The virtual authenticator chooses as soon as it is asked.
      await page.goto(`${hallpass.origin}/login`);
      await page.waitForURL(`${hallpass.origin}/`);
    });

    it('steps a session up, keeps another page from doing so, and is removed', async () => {
      await typePassword();
      await page.getByText('Ada').first().waitFor();
      await addPasskey();
      await page.goto(`${hallpass.origin}/login/second-factor`);
      await heading('Confirm with your passkey');
      await button('Use my passkey').click();
      await page.waitForURL(`${hallpass.origin}/`);
      await page.goto(`${hallpass.origin}/account/second-factors`);
      await button('Remove Laptop').click();
      await page.getByText('It is removed').waitFor();
      await signOut();
      await typePassword();
      await page.waitForURL(`${hallpass.origin}/`);
    });

    it('says so if the device does not confirm, holds one already, or the browser has none', async () => {
      await typePassword();
      await page.getByText('Ada').first().waitFor();
      await cdp.send('WebAuthn.setUserVerified', { authenticatorId: authenticator, isUserVerified: false });
      await page.goto(`${hallpass.origin}/account/second-factors/add-passkey`);
      await button('Add a passkey').click();
      await page.getByText('Nothing was confirmed').waitFor();
      await cdp.send('WebAuthn.setUserVerified', { authenticatorId: authenticator, isUserVerified: true });
      await addPasskey();
      await page.goto(`${hallpass.origin}/account/second-factors/add-passkey`);
      await button('Add a passkey').click();
      await page.getByText('There is a passkey for this account on this device already').waitFor();
      await page.addInitScript(() => { delete window.PublicKeyCredential; });
      await page.goto(`${hallpass.origin}/account/second-factors/add-passkey`);
      await button('Add a passkey').click();
      await page.getByText('This browser knows no passkeys').waitFor();
    });

    it('writes and reads JSON by itself where the browser does not', async () => {
      await typePassword();
      await page.getByText('Ada').first().waitFor();
      await page.addInitScript(() => {
        delete PublicKeyCredential.parseCreationOptionsFromJSON;
        delete PublicKeyCredential.parseRequestOptionsFromJSON;
        delete PublicKeyCredential.prototype.toJSON;
      });
      const known = await addPasskey();
      await signOut();
      await typePassword();
      await heading('Confirm with your passkey');
      const asked = await question();
      await button('Use my passkey').click();
      await page.waitForURL(`${hallpass.origin}/`);
      await verifyBySecond(asked, known);
    });

    it('shows nothing of passkeys without script, and the rest works', async () => {
      await visit({}, { javaScriptEnabled: false });
      await page.goto(`${hallpass.origin}/login`);
      assert.equal(await button('Sign in with a passkey').isVisible(), false);
      await page.getByLabel('E-mail').fill(ada.email);
      await page.getByLabel('Password', { exact: true }).fill(ada.password);
      await button('Sign in').first().click();
      await page.waitForURL(`${hallpass.origin}/`);
      await page.goto(`${hallpass.origin}/account/second-factors`);
      assert.equal(await page.getByRole('link', { name: 'Add a passkey' }).isVisible(), false);
    });
  });
}
