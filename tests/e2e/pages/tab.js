// A tab of the browser that looks at one page after the other. It is loaded once, with axe and our own functions, and
// each page is written into it: loading a page, and above all axe, takes longer than all that is done with it.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { install } from './looks.js';

// A window of 1280 px that is enlarged to 400 % (WCAG 1.4.10); no telephone is narrower.
const VIEWPORT = { width: 320, height: 740 };
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const EVERY_RULE = { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] };
const COLOURS = { type: 'rule', values: ['color-contrast', 'link-in-text-block'] };
const OTHER = { light: 'dark', dark: 'light' };
const TAB = { type: 'rawKeyDown', key: 'Tab', code: 'Tab', windowsVirtualKeyCode: 9 };

export class Tab {
  /** `address` is that of any of the pages: they are written into it. `seen` has the structures that any tab has seen. */
  static async open(browser, address, seen) {
    const self = new Tab();
    self.seen = seen;
    // A context is a process of its own.
    const context = await browser.newContext({ viewport: VIEWPORT, colorScheme: 'light', reducedMotion: 'reduce' });
    self.page = await context.newPage();
    self.cdp = await context.newCDPSession(self.page);
    self.scheme = 'light';
    await self.cdp.send('Page.enable');
    await self.page.goto(address);
    await self.page.evaluate(AXE);
    await self.page.evaluate(install);
    return self;
  }

  /** What is wrong with a page, which has to be in the language `lang` and its direction `dir`. */
  async look(html, { lang, dir }) {
    const found = await this.withoutScript(html, { lang, dir });
    const structure = await this.page.evaluate(() => globalThis.looks.withScript());
    // Neither the other colours nor the focus and its way depend on words, so that most languages are alike.
    const isNew = !this.seen.has(structure);
    this.seen.add(structure);
    found.push(...await this.axe(EVERY_RULE));
    if (isNew) found.push(...await this.edgesAndFocus());
    await this.switchScheme();
    if (isNew) found.push(...await this.axe(COLOURS), ...await this.edgesAndFocus(), ...await this.keyboard());
    return found;
  }

  async withoutScript(html, expected) {
    await this.cdp.send('Emulation.setScriptExecutionDisabled', { value: true });
    const loaded = new Promise((done) => { this.cdp.once('Page.loadEventFired', done); });
    await this.page.evaluate((text) => {
      document.open();
      document.write(text);
      document.close();
    }, html);
    await loaded;
    const found = await this.page.evaluate((which) => globalThis.looks.withoutScript(which), expected);
    await this.cdp.send('Emulation.setScriptExecutionDisabled', { value: false });
    return found;
  }

  async switchScheme() {
    this.scheme = OTHER[this.scheme];
    const features = [{ name: 'prefers-color-scheme', value: this.scheme }, { name: 'prefers-reduced-motion', value: 'reduce' }];
    await this.cdp.send('Emulation.setEmulatedMedia', { features });
  }

  async axe(runOnly) {
    const options = {
      runOnly,
      rules: runOnly === EVERY_RULE ? { 'target-size': { enabled: true } } : {},
      // What axe cannot decide counts too.
      resultTypes: ['violations', 'incomplete'],
      // The edge of a ticket is drawn by a pseudo-element, with no text above it.
      checks: { 'color-contrast': { options: { ignorePseudo: true } } },
      preload: false,
    };
    return this.inScheme(await this.page.evaluate((how) => globalThis.looks.axe(how), options));
  }

  async edgesAndFocus() {
    return this.inScheme(await this.page.evaluate(() => globalThis.looks.edgesAndFocus()));
  }

  inScheme(complaints) {
    return complaints.map((text) => text.replace(':', ` (${this.scheme}):`));
  }

  async keyboard() {
    const stops = await this.page.evaluate(() => globalThis.looks.beforeTab());
    await Promise.all(Array.from({ length: stops }, () => this.cdp.send('Input.dispatchKeyEvent', TAB)));
    return this.page.evaluate(() => globalThis.looks.afterTab());
  }
}
