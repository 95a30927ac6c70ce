// A user in a real browser goes through the demo.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { Demo, openBrowser, screenshot, site } from './lib.js';

const WAIT = 15_000;

describe('the demo in Chromium', { timeout: 300_000 }, () => {
  let demo;
  let browser;
  let context;
  let complaints;

  before(async () => {
    [demo, browser] = await Promise.all([Demo.start(), openBrowser()]);
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });
  beforeEach(async () => { context = await visit(); });
  afterEach(async () => {
    await context.close();
    assert.deepEqual(complaints, [], 'no page complains');
  });

  /** A new browser context, whose complaints about our pages fail the test. */
  async function visit(options = {}) {
    complaints = [];
    const opened = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    opened.setDefaultTimeout(WAIT);
    opened.on('console', (message) => {
      if (!['error', 'warning'].includes(message.type())) return;
      const from = message.location().url;
      // Chromium asks the small sites of this test for an icon; they have none.
      if (from.endsWith('/favicon.ico')) return;
      complaints.push(`${from}: ${message.text()}`);
    });
    opened.on('weberror', (error) => complaints.push(String(error.error())));
    return opened;
  }

  /** Chromium itself reports a status of 400 or more on its console; where one is expected, that is no complaint. */
  const forgiveStatus = () => { complaints = complaints.filter((text) => !text.includes('Failed to load resource')); };

  const type = async (page, password = demo.password) => {
    await page.getByLabel('E-mail').fill(demo.email);
    await page.getByLabel('Password', { exact: true }).fill(password);
  };
  const press = (page) => page.getByRole('button', { name: 'Sign in', exact: true }).click();
  const heading = (page) => page.getByRole('heading', { level: 1 });

  async function isAt(page, words) {
    await heading(page).filter({ hasText: words }).waitFor();
    assert.equal(await heading(page).count(), 1);
  }

  async function signedIn(page) {
    await isAt(page, 'You are signed in');
    assert.equal(new URL(page.url()).origin, demo.site);
    await page.getByText('2 signatures verified').waitFor();
    for (const words of [demo.email, 'Mira', 'Castellane']) assert.ok(await page.getByText(words, { exact: true }).count() > 0, words);
  }

  async function fromSite(page) {
    await page.goto(demo.site);
    await page.getByRole('link', { name: 'Sign in with Hallpass' }).click();
    await isAt(page, 'Sign in to Demo application');
    assert.equal(new URL(page.url()).origin, demo.hallpass);
  }

  async function signIn(page) {
    await fromSite(page);
    await type(page);
    await press(page);
    await signedIn(page);
  }

  it('goes all the way: sign in, tile, sign out', async () => {
    const page = await context.newPage();
    await page.goto(demo.site);
    await isAt(page, 'Demo service provider');
    await screenshot(page, '01-service-provider');
    await page.getByRole('link', { name: 'Sign in with Hallpass' }).click();
    await isAt(page, 'Sign in to Demo application');
    await screenshot(page, '02-login');

    await type(page, 'not the password');
    await press(page);
    await page.getByText('do not belong together').waitFor();
    assert.equal(await page.getByLabel('E-mail').inputValue(), demo.email, 'the e-mail stays');
    assert.equal(await page.getByLabel('Password', { exact: true }).inputValue(), '', 'the password does not');
    await screenshot(page, '03-wrong-password');

    await type(page);
    await press(page);
    await signedIn(page);
    await screenshot(page, '04-signed-in');

    await page.getByRole('link', { name: 'Your page at Hallpass' }).click();
    await isAt(page, 'Hello, Mira');
    await screenshot(page, '05-portal');

    // Without the application's own session, only the tile leads back to it.
    await context.clearCookies({ name: 'demo-session' });
    await page.getByRole('link', { name: /Demo application/ }).click();
    await signedIn(page);

    await page.getByRole('link', { name: 'Sign out everywhere' }).click();
    await page.getByText('signed LogoutResponse').waitFor();
    await screenshot(page, '06-signed-out-by-application');
    await page.goto(demo.hallpass);
    await isAt(page, 'Sign in');
    await screenshot(page, '07-login-plain');
  });

  it('signs in at once where a session lives', async () => {
    const page = await context.newPage();
    await signIn(page);
    await context.clearCookies({ name: 'demo-session' });
    await page.goto(demo.site);
    await page.getByRole('link', { name: 'Sign in with Hallpass' }).click();
    await signedIn(page);
  });

  it('signs in at the portal first, then at the application by one click', async () => {
    const page = await context.newPage();
    await page.goto(demo.hallpass);
    await type(page);
    await press(page);
    await isAt(page, 'Hello, Mira');
    await page.getByRole('link', { name: /Demo application/ }).click();
    await signedIn(page);
  });

  it('asks at the Sign-out URL, stays or signs out', async () => {
    const page = await context.newPage();
    await signIn(page);
    await page.goto(`${demo.hallpass}/saml/slo`);
    await isAt(page, 'Sign out?');
    await screenshot(page, '08-sign-out');
    await page.getByRole('link', { name: 'Stay signed in' }).click();
    await isAt(page, 'Hello, Mira');
    await page.goto(`${demo.hallpass}/saml/slo`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await isAt(page, 'You are signed out everywhere');
    await screenshot(page, '09-signed-out');
    await page.reload();
    await page.goto(demo.hallpass);
    await isAt(page, 'Sign in');
  });

  it('signs out at the portal', async () => {
    const page = await context.newPage();
    await signIn(page);
    await page.goto(demo.hallpass);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await isAt(page, 'You are signed out everywhere');
    await page.getByRole('link', { name: 'Sign in again' }).click();
    await isAt(page, 'Sign in');
  });

  it('shows refusals and notices in words', async () => {
    const page = await context.newPage();
    const refused = async (address, name) => {
      const answer = await page.goto(demo.hallpass + address);
      assert.ok(answer.status() >= 400, `${address}: ${answer.status()}`);
      assert.ok((await heading(page).innerText()).length > 0);
      await screenshot(page, name);
    };
    await refused('/saml/sso', '10-no-request');
    await refused('/saml/sso?SAMLRequest=rubbish', '11-refused');
    await refused('/nowhere', '12-not-found');
    await refused(`/continue/${'A'.repeat(43)}`, '13-over');
    forgiveStatus();
  });

  it('asks for patience after many wrong passwords, at this account alone', async () => {
    const page = await context.newPage();
    await page.goto(demo.hallpass);
    const wait = page.getByText(/Please wait/);
    for (let tries = 0; tries < 20 && await wait.count() === 0; tries += 1) {
      await page.getByLabel('E-mail').fill('nobody@fernweh.example');
      await page.getByLabel('Password', { exact: true }).fill('not the password');
      const answered = page.waitForResponse((response) => response.request().method() === 'POST');
      await press(page);
      await (await answered).finished();
      await page.waitForLoadState();
    }
    assert.equal(await wait.count(), 1);
    assert.ok(await page.getByRole('button', { name: /^Sign in \(\d+:\d\d\)$/ }).isDisabled(), 'the button counts down');
    await screenshot(page, '16-please-wait');
    await page.goto(demo.hallpass);
    await type(page);
    await press(page);
    await isAt(page, 'Hello, Mira');
    forgiveStatus();
  });

  it('two tabs begin signed out, and both end signed in', async () => {
    const [one, two] = [await context.newPage(), await context.newPage()];
    await fromSite(one);
    await fromSite(two);
    await type(one);
    await press(one);
    await signedIn(one);
    await type(two);
    await press(two);
    await signedIn(two);
    await one.goto(demo.hallpass);
    await isAt(one, 'Hello, Mira');
  });

  it('two tabs, the second by reload', async () => {
    const [one, two] = [await context.newPage(), await context.newPage()];
    await fromSite(one);
    await fromSite(two);
    await type(one);
    await press(one);
    await signedIn(one);
    await two.reload();
    await signedIn(two);
  });

  it('reload and back at the login page', async () => {
    const page = await context.newPage();
    await fromSite(page);
    await page.reload();
    await isAt(page, 'Sign in to Demo application');
    await type(page, 'not the password');
    await press(page);
    await page.getByText('do not belong together').waitFor();
    await page.goBack();
    await isAt(page, 'Sign in to Demo application');
    await page.goBack();
    await isAt(page, 'Demo service provider');
    await page.goForward();
    await isAt(page, 'Sign in to Demo application');
    await type(page);
    await press(page);
    await signedIn(page);
  });

  it('reload and back after the login', async () => {
    const page = await context.newPage();
    await signIn(page);
    await page.reload();
    await signedIn(page);
    // Back leads to where the sign-in began, or again to where it ended; never to a form that is sent again.
    for (let steps = 0; steps < 4; steps += 1) {
      if (await page.goBack({ timeout: WAIT }).catch(() => null) === null) break;
      await page.waitForLoadState();
      assert.doesNotMatch(page.url(), /^chrome-error/);
      const words = await heading(page).innerText();
      assert.match(words, /You are signed in|Demo service provider/);
    }
  });

  it('a double click on Sign in', async () => {
    const page = await context.newPage();
    await fromSite(page);
    await type(page);
    await page.getByRole('button', { name: 'Sign in', exact: true }).dblclick({ noWaitAfter: true });
    await signedIn(page);
  });

  it('the password can be shown, and is sent all the same', async () => {
    const page = await context.newPage();
    await fromSite(page);
    await type(page);
    await page.getByRole('button', { name: 'Show password' }).click();
    assert.equal(await page.getByLabel('Password', { exact: true }).getAttribute('type'), 'text');
    await screenshot(page, '14-password-shown');
    await press(page);
    await signedIn(page);
  });

  it('signs in and out without script', async () => {
    await context.close();
    context = await visit({ javaScriptEnabled: false });
    const page = await context.newPage();
    await fromSite(page);
    await type(page);
    await press(page);
    await isAt(page, 'Demo application');
    await page.getByRole('button', { name: /Demo application/ }).click();
    await signedIn(page);
    await page.getByRole('link', { name: 'Sign out everywhere' }).click();
    await page.getByText('signed LogoutResponse').waitFor();
  });

  describe('an application whose consumer goes on to a third origin', () => {
    const slug = 'third';
    let landing;
    let consumer;
    let arrived;

    before(async () => {
      const page = (title) => `<!doctype html><title>${title}</title><h1>${title}</h1>`;
      landing = await site('127.0.0.2', (_request, response) => {
        response.setHeader('content-type', 'text/html').end(page('Landed'));
      });
      consumer = await site('localhost', (request, response, body) => {
        if (request.method !== 'POST') return response.writeHead(404).end();
        arrived.push(new URLSearchParams(body));
        return response.writeHead(303, { location: `${landing.origin}/landed` }).end();
      });
      await demo.cli('app', 'add', 'saml', '--slug', slug, '--entity-id', 'third-origin', '--acs', `${consumer.origin}/acs`, '--name', 'Third origin', '--allow-idp-initiated');
    });
    after(async () => {
      await consumer?.stop();
      await landing?.stop();
    });
    beforeEach(() => { arrived = []; });

    async function launch(page) {
      await page.goto(demo.hallpass);
      await type(page);
      await press(page);
      await isAt(page, 'Hello, Mira');
      await page.getByRole('link', { name: /Third origin/ }).click();
    }

    it('control: this browser stops a page that names one origin, and says so', async () => {
      const strict = await site('127.0.0.3', (_request, response) => {
        response.setHeader('content-security-policy', `form-action ${consumer.origin}`);
        response.setHeader('content-type', 'text/html').end(`<!doctype html><form method="post" action="${consumer.origin}/acs"><button>Go</button></form>`);
      });
      try {
        const page = await context.newPage();
        await page.goto(strict.origin);
        const complaint = context.waitForEvent('console', (message) => message.text().includes('form-action'));
        await page.getByRole('button').click();
        await complaint;
        assert.notEqual(page.url(), `${landing.origin}/landed`);
        complaints = complaints.filter((text) => !text.includes('form-action'));
      } finally {
        await strict.stop();
      }
    });

    /** The URL of an AuthnRequest of that application. */
    function ask(marks) {
      const id = `_${randomBytes(20).toString('hex')}`;
      const xml = `<p:AuthnRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="${id}" Version="2.0" IssueInstant="${new Date().toISOString()}" ${marks}><Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">third-origin</Issuer></p:AuthnRequest>`;
      return `${demo.hallpass}/saml/sso?${new URLSearchParams({ SAMLRequest: deflateRawSync(xml).toString('base64') })}`;
    }

    it('asks for the password again where the application wants it', async () => {
      const page = await context.newPage();
      await launch(page);
      await isAt(page, 'Landed');
      await page.goto(ask('ForceAuthn="true"'));
      await page.getByText('asks you to sign in again').waitFor();
      assert.equal(await page.getByLabel('E-mail').inputValue(), demo.email);
      await screenshot(page, '17-again');
      await page.getByLabel('Password', { exact: true }).fill(demo.password);
      await press(page);
      await isAt(page, 'Landed');
      assert.equal(arrived.length, 2);
    });

    it('carries a refusal to the application, with script and without', async () => {
      const page = await context.newPage();
      await page.goto(ask('IsPassive="true"'));
      await isAt(page, 'Landed');
      assert.match(Buffer.from(arrived[0].get('SAMLResponse'), 'base64').toString(), /status:NoPassive/);
      await context.close();
      context = await visit({ javaScriptEnabled: false });
      const plain = await context.newPage();
      await plain.goto(ask('IsPassive="true"'));
      await plain.getByRole('button', { name: /Third origin/ }).waitFor();
      await screenshot(plain, '18-refusal-onward');
      await plain.getByRole('button', { name: /Third origin/ }).click();
      await isAt(plain, 'Landed');
    });

    it('has room for a long name', async () => {
      await demo.cli('app', 'edit', slug, '--name', 'Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnung & <b>Söhne');
      try {
        const page = await context.newPage();
        await page.goto(ask(''));
        await isAt(page, 'Donaudampf');
        await screenshot(page, '19-long-name-login');
        await page.goto(demo.hallpass);
        await type(page);
        await press(page);
        await isAt(page, 'Hello, Mira');
        await screenshot(page, '20-long-name-portal');
        await page.goto(`${demo.hallpass}/launch/${slug}`);
        await isAt(page, 'Landed');
        await page.goto(`${demo.hallpass}/logout`);
        await isAt(page, 'Sign out?');
        await screenshot(page, '21-long-name-sign-out');
      } finally {
        await demo.cli('app', 'edit', slug, '--name', 'Third origin');
      }
    });

    it('lands there', async () => {
      const page = await context.newPage();
      await launch(page);
      await isAt(page, 'Landed');
      assert.equal(page.url(), `${landing.origin}/landed`);
      assert.equal(arrived.length, 1);
      assert.ok(arrived[0].get('SAMLResponse'));
      await page.goBack();
      await page.waitForLoadState();
      assert.match(await heading(page).innerText(), /Hello, Mira|Landed/);
    });

    it('lands there without script, by the button', async () => {
      await context.close();
      context = await visit({ javaScriptEnabled: false });
      const page = await context.newPage();
      await launch(page);
      const button = page.getByRole('button', { name: /Third origin/ });
      await button.waitFor();
      await screenshot(page, '15-self-posting');
      await page.reload();
      await button.waitFor();
      assert.equal(arrived.length, 0, 'nothing goes by itself without script');
      await button.click();
      await isAt(page, 'Landed');
      assert.equal(arrived.length, 1);
      await page.goBack();
      await isAt(page, 'Third origin');
    });
  });
});
