// A browser without a window: cookies, redirects within Hallpass, forms. It runs no script.

import assert from 'node:assert/strict';
import http from 'node:http';

const NAMED = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function plain(text) {
  return text.replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (whole, name) => {
    if (/^#x/i.test(name)) return String.fromCodePoint(Number.parseInt(name.slice(2), 16));
    if (name.startsWith('#')) return String.fromCodePoint(Number(name.slice(1)));
    return NAMED[name] ?? whole;
  });
}

function attribute(tag, name) {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag);
  return found ? plain(found[1]) : undefined;
}

/** The one form of a page: where it goes, and what it carries. */
export function formOf(html) {
  const forms = [...html.matchAll(/<form\b[\s\S]*?<\/form>/g)];
  assert.equal(forms.length, 1, `one form expected:\n${html}`);
  const [text] = forms[0];
  const inputs = [...text.matchAll(/<input\b[^>]*>/g)].map(([tag]) => [attribute(tag, 'name'), attribute(tag, 'value') ?? '']);
  assert.equal(new Set(inputs.map(([name]) => name)).size, inputs.length, 'every field once');
  return { action: attribute(text, 'action'), method: attribute(text, 'method'), fields: Object.fromEntries(inputs) };
}

export class Visitor {
  #cookies = new Map();

  constructor(hallpass) {
    this.hallpass = hallpass;
  }

  /** One exchange; nothing is followed. */
  async ask(address, form) {
    const url = new URL(address, this.hallpass.origin);
    assert.equal(url.origin, this.hallpass.origin, 'this browser visits Hallpass alone');
    const headers = { accept: 'text/html' };
    if (this.#cookies.size) headers.cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const body = form && new URLSearchParams(form).toString();
    if (body !== undefined) {
      headers['content-type'] = 'application/x-www-form-urlencoded';
      headers['content-length'] = Buffer.byteLength(body);
      headers.origin = this.hallpass.origin;
    }
    const answer = await new Promise((done, fail) => {
      // The address as it was given: WHATWG's parser escapes other octets than those that were signed.
      const target = address.startsWith('http') ? address.slice(url.origin.length) : address;
      const request = http.request({ host: url.hostname, port: url.port, path: target, method: body === undefined ? 'GET' : 'POST', headers }, (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('end', () => done({ status: response.statusCode, headers: response.headers, html: Buffer.concat(parts).toString() }));
      });
      request.on('error', fail);
      request.end(body);
    });
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [pair, ...marks] = line.split('; ');
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      if (marks.some((mark) => /^max-age=(0|-)/i.test(mark))) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return answer;
  }

  /** Opens an address and follows redirects as long as they stay at Hallpass. */
  async open(address, form) {
    let answer = await this.ask(address, form);
    for (let hops = 0; answer.status === 303; hops += 1) {
      assert.ok(hops < 5, 'too many redirects');
      const next = new URL(answer.headers.location, this.hallpass.origin);
      if (next.origin !== this.hallpass.origin) return { ...answer, leads: answer.headers.location };
      answer = await this.ask(answer.headers.location);
    }
    return answer;
  }

  /** Opens an address that leads to the login page, and signs in there. */
  async signIn(address, person) {
    const page = await this.open(address);
    assert.ok(isLogin(page), `a login page expected, not ${page.status}:\n${page.html}`);
    const form = formOf(page.html);
    return this.open(form.action, { ...form.fields, email: person.email, password: person.password });
  }
}

export const isLogin = (page) => page.status === 200 && page.html.includes('autocomplete="current-password"');

/** What the self-posting page would post, and where. */
export function posted(page) {
  assert.equal(page.status, 200, page.html);
  const form = formOf(page.html);
  assert.equal(form.method, 'post');
  assert.ok('SAMLResponse' in form.fields, `a self-posting page expected:\n${page.html}`);
  const known = ['SAMLResponse', 'RelayState'];
  assert.deepEqual(Object.keys(form.fields).filter((name) => !known.includes(name)), [], 'nothing else is posted');
  return { acs: form.action, fields: form.fields, xml: Buffer.from(form.fields.SAMLResponse, 'base64').toString() };
}
