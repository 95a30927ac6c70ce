// A browser without a window: cookies, redirects, forms. It runs no script.

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

/** The only form of a page: its action and its fields. */
export function formOf(html) {
  const forms = [...html.matchAll(/<form\b[\s\S]*?<\/form>/g)];
  assert.equal(forms.length, 1, `one form expected:\n${html}`);
  const [text] = forms[0];
  const inputs = [...text.matchAll(/<input\b[^>]*>/g)].map(([tag]) => [attribute(tag, 'name'), attribute(tag, 'value') ?? '']);
  assert.equal(new Set(inputs.map(([name]) => name)).size, inputs.length, 'every field once');
  return { action: attribute(text, 'action'), method: attribute(text, 'method'), fields: Object.fromEntries(inputs) };
}

const REDIRECTS = [302, 303];

export class BrowserSession {
  #cookies = new Map();

  /** `others` are the origins that it may visit besides Hallpass. */
  constructor(hallpass, ...others) {
    this.hallpass = hallpass;
    this.origins = new Set([hallpass.origin, ...others]);
  }

  /** One request; no redirect is followed. `from` is the origin of the page that contains the form. */
  async request(address, form, from = this.hallpass.origin) {
    const url = new URL(address, this.hallpass.origin);
    assert.ok(this.origins.has(url.origin), `this browser does not visit ${url.origin}`);
    const headers = { accept: 'text/html', host: url.host };
    if (!this.#cookies.has(url.hostname)) this.#cookies.set(url.hostname, new Map());
    const cookies = this.#cookies.get(url.hostname);
    if (cookies.size) headers.cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const body = form && new URLSearchParams(form).toString();
    if (body !== undefined) {
      headers['content-type'] = 'application/x-www-form-urlencoded';
      headers['content-length'] = Buffer.byteLength(body);
      headers.origin = from;
    }
    // The address as given: WHATWG's parser escapes other octets than those that were signed.
    const target = address.startsWith('http') ? address.slice(url.origin.length) || '/' : address;
    const answer = await exchange({ port: url.port, path: target, method: body === undefined ? 'GET' : 'POST', headers }, body);
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [pair, ...marks] = line.split(/; */);
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      if (marks.some((mark) => /^max-age=(0|-)/i.test(mark))) cookies.delete(name);
      else cookies.set(name, value);
    }
    return { ...answer, origin: url.origin };
  }

  /** Opens an address, and follows redirects while they stay at the origins that it may visit. */
  async openFollowingRedirects(address, form, from) {
    let answer = await this.request(address, form, from);
    for (let hops = 0; REDIRECTS.includes(answer.status); hops += 1) {
      assert.ok(hops < 8, 'too many redirects');
      const { location } = answer.headers;
      const next = location.startsWith('/') ? answer.origin + location : location;
      if (!this.origins.has(new URL(next).origin)) return { ...answer, leads: location };
      answer = await this.request(next);
    }
    return answer;
  }

  /** Submits the form of a self-posting page; `change` may alter its fields first. */
  async submitForm(page, change = (fields) => fields) {
    const form = formOf(page.html);
    return this.openFollowingRedirects(form.action, change(form.fields), page.origin);
  }

  /** Opens an address that leads to the sign-in page, and signs in there. */
  async signIn(address, user) {
    const page = await this.openFollowingRedirects(address);
    assert.ok(isSignInPage(page), `a login page expected, not ${page.status}:\n${page.html}`);
    const form = formOf(page.html);
    return this.openFollowingRedirects(form.action, { ...form.fields, email: user.email, password: user.password });
  }
}

/** One HTTP request to this machine: every host name here is loopback. */
export function exchange(options, body) {
  return new Promise((done, fail) => {
    const request = http.request({ host: '127.0.0.1', ...options }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => done({ status: response.statusCode, headers: response.headers, html: Buffer.concat(parts).toString() }));
    });
    request.on('error', fail);
    request.end(body);
  });
}

export const isSignInPage = (page) => page.status === 200 && page.html.includes('autocomplete="current-password"');

/** What the self-posting page would post, and where. */
export function postedResponse(page) {
  assert.equal(page.status, 200, page.html);
  const form = formOf(page.html);
  assert.equal(form.method, 'post');
  assert.ok('SAMLResponse' in form.fields, `a self-posting page expected:\n${page.html}`);
  const known = ['SAMLResponse', 'RelayState'];
  assert.deepEqual(Object.keys(form.fields).filter((name) => !known.includes(name)), [], 'nothing else is posted');
  return { acs: form.action, fields: form.fields, xml: Buffer.from(form.fields.SAMLResponse, 'base64').toString() };
}
