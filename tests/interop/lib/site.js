// What the service providers of this process share: a small site with sessions in a cookie, like sp/serve.py.

import { randomBytes } from 'node:crypto';
import http from 'node:http';

const escape = (text) => String(text).replace(/[&<>]/g, (letter) => `&#${letter.charCodeAt(0)};`);

class Visit {
  #response;

  constructor(request, response, body, sessions, origin) {
    this.#response = response;
    Object.assign(this, { method: request.method, path: request.url, url: new URL(request.url, origin), headers: request.headers, sessions });
    this.query = Object.fromEntries(this.url.searchParams);
    this.form = Object.fromEntries(new URLSearchParams(body));
    this.sid = /(?:^|; )sp-session=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
  }

  /** The session data from the sign-in. */
  get session() { return this.sessions.get(this.sid); }

  signIn(sessionData) {
    const sid = randomBytes(16).toString('hex');
    this.sessions.set(sid, sessionData);
    this.redirect('/', { 'set-cookie': `sp-session=${sid}; Path=/; HttpOnly` });
  }

  signOut() { this.sessions.delete(this.sid); }

  redirect(location, more = {}) { this.#response.writeHead(303, { location, ...more }).end(); }

  html(text, status = 200) { this.#response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(text); }

  page(title, words = '', status = 200) { this.html(`<!doctype html><title>${title}</title><h1>${title}</h1><pre>${escape(words)}</pre>`, status); }

  json(value) { this.#response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value ?? null)); }

  text(kind, value) { this.#response.writeHead(200, { 'content-type': kind }).end(value); }
}

/** Serves `/login`, `/acs`, … by the functions of those names, on a free loopback port and under its own host name. */
export async function site(host, routes) {
  const sessions = new Map();
  const known = {
    who: (visit) => visit.json(visit.session),
    '': (visit) => visit.page(visit.session ? 'Signed in' : 'Nobody is signed in'),
    ...routes,
  };
  let origin;
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (text) => { body += text; });
    request.on('end', async () => {
      const visit = new Visit(request, response, body, sessions, origin);
      const route = known[visit.url.pathname.slice(1)];
      try {
        if (route) await route(visit);
        else visit.page('Not found', '', 404);
      } catch (why) {
        visit.page('Refused', `${why.name}: ${why.message}`, 403);
      }
    });
  });
  await new Promise((done, fail) => server.once('error', fail).listen(0, '127.0.0.1', done));
  const { port } = server.address();
  origin = `http://${host}:${port}`;
  return { origin, port, stop: () => new Promise((done) => { server.close(done); server.closeAllConnections(); }) };
}
