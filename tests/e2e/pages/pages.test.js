// Every page that people see, in every language: `write_every_page` has written them to target/pages.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openBrowser, screenshot } from '../lib.js';
import { Tab } from './tab.js';

const FOLDER = fileURLToPath(new URL('../../../target/pages', import.meta.url));
const LANGUAGES = { en: '', de: 'german-', fr: 'french-', es: 'spanish-', ja: 'japanese-', ar: 'arabic-' };
const PICTURES = ['login-app', 'account', 'arabic-portal-four', 'japanese-add-phone-wrong'];
const TYPES = { '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.svg': 'image/svg+xml' };

describe('every page in every language', { timeout: 600_000 }, () => {
  let server;
  let origin;
  let browser;
  let tabs;
  let names;

  before(async () => {
    assert.ok(existsSync(path.join(FOLDER, 'people/login.html')), 'the pages are written by: cargo test --locked --lib write_every_page -- --ignored');
    names = (await readdir(path.join(FOLDER, 'people'))).map((file) => path.basename(file, '.html'));
    server = http.createServer(answer);
    await new Promise((done, fail) => server.once('error', fail).listen(0, '127.0.0.1', done));
    origin = `http://127.0.0.1:${server.address().port}`;
    browser = await openBrowser();
    tabs = [];
    const seen = new Set();
    for (let n = 0; n < Math.min(os.cpus().length, 4); n += 1) tabs.push(await Tab.open(browser, `${origin}/people/login.html`, seen));
  });
  after(async () => {
    await browser?.close();
    server?.closeAllConnections();
    await new Promise((done) => (server ? server.close(done) : done()));
  });

  async function answer(request, response) {
    const { pathname } = new URL(request.url, 'http://localhost');
    try {
      const body = await readFile(path.join(FOLDER, path.normalize(pathname)));
      const kept = pathname.endsWith('.html') ? 'no-store' : 'max-age=3600';
      response.writeHead(200, { 'content-type': TYPES[path.extname(pathname)], 'cache-control': kept }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  }

  const read = (name) => readFile(path.join(FOLDER, `people/${name}.html`), 'utf8');
  const expected = (language) => ({ lang: language, dir: language === 'ar' ? 'rtl' : 'ltr' });
  const prefixes = Object.values(LANGUAGES).filter(Boolean);
  const namesIn = (language) => names.filter((name) => (LANGUAGES[language] ? name.startsWith(LANGUAGES[language]) : !prefixes.some((prefix) => name.startsWith(prefix))));

  for (const language of Object.keys(LANGUAGES)) {
    it(`${language}: nothing to complain of`, async () => {
      const todo = namesIn(language);
      assert.ok(todo.length >= 125 && todo.length * Object.keys(LANGUAGES).length === names.length, `${todo.length} pages of ${names.length}`);
      const complaints = [];
      await Promise.all(tabs.map(async (tab) => {
        for (let name = todo.shift(); name; name = todo.shift()) {
          const found = await tab.look(await read(name), expected(language));
          complaints.push(...found.map((text) => `${name} (${language}): ${text}`));
        }
      }));
      if (complaints.length > 0) assert.fail(complaints.sort().join('\n'));
    });
  }

  /** What is said of a page that is changed: `changes` are pairs of what stands there and what is put in its place. */
  async function lookAtBroken(name, ...changes) {
    let html = await read(name);
    for (const [from, to] of changes) {
      assert.ok(html.includes(from), `${name} has no ${from}`);
      html = html.replace(from, to);
    }
    tabs[0].seen = new Set();
    return tabs[0].look(html, expected(name.startsWith(LANGUAGES.ar) ? 'ar' : 'en'));
  }

  for (const [what, rule, name, ...changes] of [
    ['a field without a label', /^label \(/m, 'login', ['<label for="email">', '<label>']],
    ['pale text', /^color-contrast \(light\)/m, 'busy', ['<p>', '<p style="color: #999">']],
    ['dark text in the dark', /^color-contrast \(dark\)/m, 'busy', ['<p>', '<p style="color: #555">']],
    ['a link that only its colour shows', /^link-in-text-block \(/m, 'busy', ['</main>', '<p>Some text <a style="color: var(--muted); text-decoration: none" href="/x">and a link</a> and more</p></main>']],
    ['small targets', /^target-size/m, 'login', ['</form>', '<p><button style="inline-size: 9px; padding: 0">a</button><button style="inline-size: 9px; padding: 0">b</button></p></form>']],
    ['a label that is not heard', /^aria-prohibited-attr/m, 'busy', ['<h1>', '<h1><code aria-labelledby="x">1</code><span id="x">2</span>']],
    ['something wide', /^sideways: main.*: 3\d\d px in a window of 320$/m, 'login', ['<main>', '<main style="min-inline-size: 330px">']],
    ['something wide that is folded', /^sideways: .* unfolded$/m, 'refused', ['</summary>', '</summary><p style="inline-size: 400px">wide</p>']],
    ['something wide when text is spaced', /^sideways: .* with spaced text$/m, 'busy', ['</main>', '<p style="white-space: nowrap; font: 12px monospace; padding-inline-end: 20px">aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa</p></main>']],
    ['text that is cut off', /^cut: p “/m, 'busy', ['</main>', '<p style="white-space: nowrap; overflow: hidden">one two three four five six seven eight nine ten</p></main>']],
    ['something wide from right to left', /^sideways: main/m, 'arabic-login', ['<main>', '<main style="min-inline-size: 330px">']],
    ['another language', /^lang: /m, 'login', ['lang="en"', 'lang="de"']],
    ['the other direction', /^dir: /m, 'arabic-login', ['dir="rtl"', 'dir="ltr"']],
    ['a page without a heading', /^h1: /m, 'login', ['<h1>', '<p>'], ['</h1>', '</p>']],
    ['a form that leads nowhere', /^form: .*no action/m, 'login', ['action="/login"', '']],
    ['a form without a button', /^form: .*no button/m, 'login', ['type="submit"', 'type="reset"']],
    ['a field that is not sent', /^form: #email: is not sent/m, 'login', ['name="email"', '']],
    ['a button for script alone', /^without-script: button.*does nothing/m, 'failed', ['button needs-script', 'button']],
    ['a passkey for script alone', /^without-script: form.*is shown/m, 'login', ['stack-s needs-script', 'stack-s']],
    ['a passkey that is missing', /^without-script: .*nothing says why/m, 'add-passkey', ['<noscript>', '<noscript hidden>']],
    ['an empty paragraph', /^without-script: p\.row.*says nothing/m, 'busy', ['</main>', '<p class="row"></p></main>']],
    ['a link to nothing', /^without-script: a\.skip.*leads nowhere/m, 'account', ['id="main"', '']],
    ['a second field that asks for the focus', /^autofocus: #password: is a second one/m, 'login', ['id="password"', 'id="password" autofocus']],
    ['a focus that cannot be', /^autofocus: #email: cannot/m, 'login', ['id="email"', 'id="email" disabled']],
    ['a positive tabindex', /^tabindex: #password: is 1/m, 'login', ['id="password"', 'id="password" tabindex="1"']],
    ['a field that Tab does not reach', /^tab: #password: is not reached/m, 'login', ['id="password"', 'id="password" inert']],
    ['a link before the main part', /^tab: a “before”: comes first/m, 'recovery-sent', ['<main>', '<a href="/">before</a><main>']],
    ['a focus that is not drawn', /^focus \(light\): #email: is not drawn/m, 'login', ['id="email"', 'id="email" style="outline: none"']],
    ['a pale focus', /^focus \(light\): #email: stands out 1/m, 'login', ['id="email"', 'id="email" style="outline-color: #ccd"']],
    ['a dark focus in the dark', /^focus \(dark\): #email: stands out 1/m, 'login', ['id="email"', 'id="email" style="outline-color: #223"']],
    ['a focus that is covered', /^focus: #password: is covered by/m, 'login', ['</main>', '<p style="position: fixed; inset: 0; background: var(--page)">x</p></main>']],
    ['a focus that is out of sight', /^focus: #password: is out of sight/m, 'login', ['id="password"', 'id="password" style="position: fixed; inset-block-start: -9rem"']],
    ['a field without an edge', /^edge \(light\): #email: /m, 'login', ['id="email"', 'id="email" style="border-color: #eee"']],
  ]) {
    it(`${what} is found`, async () => {
      assert.match((await lookAtBroken(name, ...changes)).join('\n'), rule);
    });
  }

  it('a page that is loaded has the focus where it asks for it', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    for (const [name, id] of [['login', 'email'], ['login-wrong', 'password'], ['second-factor-wrong', 'code'], ['arabic-recovery', 'email']]) {
      await page.goto(`${origin}/people/${name}.html`);
      assert.equal(await page.evaluate(() => document.activeElement.id), id, name);
    }
    await context.close();
  });

  it('pictures', { skip: !process.env.HALLPASS_SHOTS }, async () => {
    const context = await browser.newContext({ reducedMotion: 'reduce' });
    const page = await context.newPage();
    for (const name of PICTURES) {
      await page.goto(`${origin}/people/${name}.html`);
      await screenshot(page, `page-${name}`);
    }
    await context.close();
  });
});
