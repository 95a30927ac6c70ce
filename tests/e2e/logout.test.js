// A user signs out in a real browser, of applications that respond, fail, or never return.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { Demo, openBrowser, screenshot } from './lib.js';
import { TestServiceProvider } from './test-sp.js';

const WAIT = 20_000;

describe('single logout in Chromium', { timeout: 300_000 }, () => {
  let demo;
  let browser;
  let context;
  let complaints;
  let wiki;
  let mail;
  let desk;
  let chat;

  before(async () => {
    [demo, browser] = await Promise.all([Demo.start(), openBrowser()]);
    // Each is another site: from one to another, a browser sends no `SameSite=Lax` cookie with a form.
    wiki = await TestServiceProvider.start(demo, 'localhost', 'Wiki', 'Redirect');
    mail = await TestServiceProvider.start(demo, '127.0.0.2', 'Mail', 'POST');
    desk = await TestServiceProvider.start(demo, '127.0.0.3', 'Desk', 'Redirect');
    chat = await TestServiceProvider.start(demo, '127.0.0.4', 'Chat');
  });
  after(async () => {
    for (const peer of [wiki, mail, desk, chat]) await peer?.stop();
    await browser?.close();
    await demo?.stop();
  });
  beforeEach(async () => {
    for (const peer of [wiki, mail, desk, chat]) Object.assign(peer, { mode: 'answers', asked: 0, answers: [], session: undefined });
    context = await visit();
  });
  afterEach(async () => {
    await context.close();
    assert.deepEqual(complaints, [], 'no page of ours complains');
  });

  async function visit(options = {}) {
    complaints = [];
    const opened = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    opened.setDefaultTimeout(WAIT);
    opened.on('console', (message) => {
      if (!['error', 'warning'].includes(message.type())) return;
      if (message.location().url.startsWith(demo.hallpass)) complaints.push(`${message.location().url}: ${message.text()}`);
    });
    opened.on('weberror', (error) => complaints.push(String(error.error())));
    return opened;
  }

  const heading = (page) => page.getByRole('heading', { level: 1 });
  async function isAt(page, words) {
    await heading(page).filter({ hasText: words }).waitFor();
  }

  /** Signs in at the first application, and opens the others. */
  async function open(page, peers) {
    for (const [place, peer] of peers.entries()) {
      await page.goto(`${peer.origin}/sign-in`, { waitUntil: 'commit' });
      if (place === 0) {
        await page.getByLabel('E-mail').fill(demo.email);
        await page.getByLabel('Password', { exact: true }).fill(demo.password);
        await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      }
      if (!context.scriptless) await isAt(page, peer.name);
      else {
        await page.getByRole('button', { name: new RegExp(`Continue to ${peer.name}`) }).click();
        await isAt(page, peer.name);
      }
      // The page that leads there also has its name in the heading.
      await page.waitForURL((url) => url.origin === peer.origin);
    }
  }

  async function signOutHere(page) {
    await page.goto(demo.hallpass);
    await isAt(page, 'Hello, Mira');
    await page.getByRole('button', { name: 'Sign out' }).click({ noWaitAfter: true });
  }

  /** Name and badge of each application on our page. */
  async function told(page) {
    const rows = await page.locator('li.who').all();
    return Object.fromEntries(await Promise.all(rows.map(async (row) => [await row.locator('bdi').innerText(), await row.locator('.badge').innerText()])));
  }

  it('signs out of everything, over both bindings, and says so', async () => {
    const page = await context.newPage();
    await open(page, [wiki, mail, desk]);
    await signOutHere(page);
    await isAt(page, 'You are signed out everywhere');
    assert.deepEqual(await told(page), { Wiki: 'Ended', Mail: 'Ended', Desk: 'Ended' });
    assert.deepEqual([wiki, mail, desk].map((peer) => peer.asked), [1, 1, 1]);
    await screenshot(page, '30-signed-out-everywhere');
    await page.reload();
    await isAt(page, 'You are signed out everywhere');
    assert.deepEqual([wiki, mail, desk].map((peer) => peer.asked), [1, 1, 1]);
  });

  it('goes back to the application that began it', async () => {
    for (const [asker, others] of [[wiki, [mail, desk]], [mail, [wiki, desk]]]) {
      const page = await context.newPage();
      await open(page, [asker, ...others]);
      await page.goto(asker.origin);
      await page.getByRole('link', { name: 'Sign out' }).click({ noWaitAfter: true });
      await isAt(page, `Signed out of ${asker.name}`);
      const [answer] = asker.answers;
      assert.match(answer.xml, /status:Success/);
      assert.doesNotMatch(answer.xml, /PartialLogout/);
      assert.equal(answer.relayState, 'back');
      assert.ok(others.every((peer) => peer.asked >= 1));
      await page.close();
      await context.clearCookies();
    }
  });

  it('goes on after 10 seconds without an application that keeps the browser waiting', async () => {
    for (const silent of [wiki, mail]) {
      silent.mode = 'hangs';
      const page = await context.newPage();
      await open(page, [silent, desk]);
      await signOutHere(page);
      const began = Date.now();
      await isAt(page, 'You are signed out here');
      const took = Date.now() - began;
      assert.ok(took > 8_000 && took < 15_000, `${took} ms`);
      assert.deepEqual(await told(page), { [silent.name]: 'Not confirmed', Desk: 'Ended' });
      assert.equal(silent.asked, 1);
      await screenshot(page, `31-signed-out-partly-${silent.slug}`);
      silent.mode = 'answers';
      await page.close();
      await context.clearCookies();
    }
  });

  it('shows the way on after an application that broke: by Back, and at the person\'s page', async () => {
    for (const way of ['back', 'home']) {
      wiki.mode = 'errors';
      wiki.asked = 0;
      const page = await context.newPage();
      await open(page, [wiki, mail]);
      await signOutHere(page);
      await isAt(page, 'Internal error');
      if (way === 'back') await page.goBack();
      else await page.goto(demo.hallpass);
      await isAt(page, 'Signing you out');
      await page.getByRole('button', { name: 'Continue', exact: true }).waitFor();
      assert.deepEqual(await told(page), { Wiki: 'Asked', Mail: 'To be asked' });
      await screenshot(page, `32-continue-${way}`);
      await page.reload();
      assert.equal(wiki.asked, 1, 'nobody is asked twice');
      await page.getByRole('button', { name: 'Continue', exact: true }).click({ noWaitAfter: true });
      await isAt(page, 'You are signed out here');
      assert.deepEqual(await told(page), { Wiki: 'Not confirmed', Mail: 'Ended' });
      assert.equal(await page.getByRole('link', { name: 'Open Wiki' }).getAttribute('href'), `${wiki.origin}/`);
      await page.goBack();
      await isAt(page, 'signed out');
      await page.close();
      await context.clearCookies();
    }
  });

  it('lets the person read what is still open before it goes back', async () => {
    const page = await context.newPage();
    await open(page, [wiki, chat, desk]);
    await page.goto(wiki.origin);
    await page.getByRole('link', { name: 'Sign out' }).click({ noWaitAfter: true });
    await isAt(page, 'Going back to Wiki');
    assert.deepEqual(await told(page), { Chat: 'Still open', Desk: 'Ended' });
    await screenshot(page, '33-going-back-partly');
    await isAt(page, 'Signed out of Wiki');
    assert.match(wiki.answers[0].xml, /status:Success"><samlp:StatusCode Value="[^"]*:PartialLogout"/);
    await page.goBack();
    await isAt(page, 'You are signed out here');
    await page.getByRole('link', { name: 'Go back to Wiki' }).click();
    await isAt(page, 'Signed out of Wiki');
    assert.equal(wiki.answers.length, 2);
  });

  it('a double click on Sign out asks each application once', async () => {
    const page = await context.newPage();
    await open(page, [wiki, desk]);
    await page.goto(demo.hallpass);
    await page.getByRole('button', { name: 'Sign out' }).dblclick({ noWaitAfter: true });
    await isAt(page, 'You are signed out everywhere');
    assert.deepEqual([wiki.asked, desk.asked], [1, 1]);
  });

  it('works without script: by itself to a redirect, by the button to a form', async () => {
    await context.close();
    context = await visit({ javaScriptEnabled: false });
    context.scriptless = true;
    const page = await context.newPage();
    await open(page, [desk, mail, wiki]);
    await signOutHere(page);
    // Desk by a refresh; then Mail by two buttons, since its own page has no script either.
    await page.getByRole('heading', { level: 1 }).filter({ hasText: 'Signing you out' }).waitFor();
    await page.getByRole('button', { name: 'Sign out of Mail' }).waitFor();
    await screenshot(page, '34-without-script');
    await page.getByRole('button', { name: 'Sign out of Mail' }).click();
    await page.getByRole('button', { name: 'Go' }).click();
    await isAt(page, 'You are signed out everywhere');
    assert.deepEqual(await told(page), { Desk: 'Ended', Mail: 'Ended', Wiki: 'Ended' });
  });

  it('without script, Continue leaves out an application that keeps the browser waiting', async () => {
    await context.close();
    context = await visit({ javaScriptEnabled: false });
    context.scriptless = true;
    desk.mode = 'hangs';
    const page = await context.newPage();
    await open(page, [desk]);
    await signOutHere(page);
    const place = await page.getByRole('button', { name: 'Continue without Desk' }).boundingBox();
    await page.waitForTimeout(3_500);
    assert.equal(desk.asked, 1);
    // The page stays while the browser waits; Playwright's own clicks would wait for the navigation.
    await page.mouse.click(place.x + place.width / 2, place.y + place.height / 2);
    await isAt(page, 'You are signed out here');
    assert.deepEqual(await told(page), { Desk: 'Not confirmed' });
  });
});
