// The demo as a user starts it, a browser for it, and small sites that it leads to.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { openBrowser as launch } from '../interop/lib/browser.js';
import { binary, cleanEnvironment, startHallpass, stop } from '../interop/lib/hallpass.js';

export class Demo {
  static async start() {
    const self = new Demo();
    self.directory = await mkdtemp(path.join(os.tmpdir(), 'hallpass-e2e-'));
    self.data = path.join(self.directory, 'data');
    self.child = startHallpass(['demo', '--port', '0', '--sp-port', '0', '--data-dir', self.data], { env: cleanEnvironment(), cwd: self.directory });
    self.said = '';
    self.log = '';
    self.child.stderr.on('data', (text) => { self.log += text; });
    try {
      await new Promise((ready, fail) => {
        const late = setTimeout(() => fail(new Error(`the demo is not ready:\n${self.said}${self.log}`)), 60_000);
        self.child.once('error', fail);
        self.child.once('exit', () => fail(new Error(`the demo ended:\n${self.said}${self.log}`)));
        self.child.stdout.on('data', (text) => {
          self.said += text;
          if (!self.said.includes('Ctrl-C')) return;
          clearTimeout(late);
          ready();
        });
      });
    } catch (why) {
      await self.stop();
      throw why;
    }
    const find = (pattern) => pattern.exec(self.said)?.[1] ?? (() => { throw new Error(`${pattern} in:\n${self.said}`); })();
    self.site = find(/Open (http:\S+)/);
    self.email = find(/e-mail\s+(\S+)/);
    self.password = find(/password\s+(\S+)/);
    self.hallpass = find(/at Hallpass is (http:\/\/127\.0\.0\.1:\d+)/);
    return self;
  }

  /** Runs a command as an administrator would, beside the running demo. */
  async cli(...typed) {
    const env = { ...cleanEnvironment(), HALLPASS_BASE_URL: this.hallpass, HALLPASS_DATA_DIR: this.data };
    return (await promisify(execFile)(binary, typed, { env, cwd: this.directory })).stdout;
  }

  async stop() {
    await stop(this.child);
    await rm(this.directory, { recursive: true, force: true });
  }
}

export const openBrowser = () => launch(chromium);

/** A site of another owner: `answer(request, response, body)`. */
export async function site(host, answer) {
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (text) => { body += text; });
    request.on('end', () => answer(request, response, body));
  });
  await new Promise((done, fail) => server.once('error', fail).listen(0, host === 'localhost' ? '127.0.0.1' : host, done));
  return {
    origin: `http://${host}:${server.address().port}`,
    stop: () => new Promise((done) => { server.close(done); server.closeAllConnections(); }),
  };
}

const shots = process.env.HALLPASS_SHOTS;
const SCREENSHOT_VARIANTS = [[360, 'light'], [360, 'dark'], [1280, 'light'], [1280, 'dark']];

/** Screenshots of a page in its current state, narrow and wide, light and dark. */
export async function screenshot(page, name) {
  const before = page.viewportSize();
  for (const [width, colorScheme] of SCREENSHOT_VARIANTS) {
    await page.setViewportSize({ width, height: width < 800 ? 740 : 800 });
    await page.emulateMedia({ colorScheme });
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (wider > 0) throw new Error(`${name} is ${wider} px wider than its window of ${width} px`);
    if (!shots) continue;
    await mkdir(shots, { recursive: true });
    // Transitions finished: colours fade when the scheme changes.
    await page.screenshot({ path: path.join(shots, `${name}-${width}-${colorScheme}.png`), fullPage: true, animations: 'disabled' });
  }
  await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: null });
}
