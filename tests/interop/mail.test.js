// Mail is handed to a server that is not ours, with TLS and a password: smtp-server from npm.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { SMTPServer } from 'smtp-server';
import { Hallpass, databases } from './lib/hallpass.js';

const openssl = (...typed) => promisify(execFile)('openssl', typed);

/** A CA, and a certificate of it for `host`. */
async function certificates(folder, host) {
  const file = (name) => path.join(folder, name);
  await openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', file('ca.key'), '-out', file('ca.pem'),
    '-days', '2', '-subj', '/CN=Test CA');
  await openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', file('mail.key'), '-out', file('mail.csr'), '-subj', `/CN=${host}`);
  await writeFile(file('mail.ext'), `subjectAltName=DNS:${host}\nextendedKeyUsage=serverAuth\n`);
  await openssl('x509', '-req', '-in', file('mail.csr'), '-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial',
    '-out', file('mail.pem'), '-days', '2', '-extfile', file('mail.ext'));
  return { ca: file('ca.pem'), key: await readFile(file('mail.key')), cert: await readFile(file('mail.pem')) };
}

/** A server that wants a password, takes mail for anybody but `nobody@…`, and keeps it. */
async function mailServer(options) {
  const taken = [];
  const server = new SMTPServer({
    ...options,
    onAuth: ({ username, password, method }, session, done) => {
      if (username !== 'hall@pass' || password !== 'p:/#%ä') return done(new Error('Invalid username or password'));
      session.method = method;
      return done(null, { user: username });
    },
    onRcptTo: ({ address }, _session, done) => {
      if (!address.startsWith('nobody@')) return done();
      return done(Object.assign(new Error('5.1.1 no such mailbox'), { responseCode: 550 }));
    },
    onData: (stream, session, done) => {
      let message = '';
      stream.on('data', (part) => { message += part; });
      stream.on('end', () => {
        taken.push({ message, secure: session.secure, user: session.user, method: session.method, envelope: session.envelope });
        done(null, `2.0.0 queued as ${taken.length}`);
      });
    },
  });
  // A client that does not trust our certificate ends the connection.
  server.on('error', () => {});
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { taken, port: server.server.address().port, stop: () => new Promise((done) => server.close(done)) };
}

const LOGIN = 'hall%40pass:p%3A%2F%23%25%C3%A4';

describe(`mail on ${databases.at(-1)}`, { timeout: 120_000 }, () => {
  let hallpass;
  let tls;
  const servers = {};
  const trying = (url, more = {}) => Object.assign(hallpass.environment, { HALLPASS_MAIL_URL: url, HALLPASS_MAIL_CA_FILE: tls.ca, ...more });
  const test = (...more) => hallpass.cli('mail', 'test', 'ada@fernweh.example', ...more);
  const failure = () => hallpass.expectFailure('mail', 'test', 'ada@fernweh.example');

  before(async () => {
    hallpass = await Hallpass.start(databases.at(-1));
    hallpass.environment.HALLPASS_MAIL_FROM = 'Fernweh Ä <it@fernweh.example>';
    hallpass.environment.HALLPASS_ORGANISATION = 'Fernweh';
    tls = await certificates(hallpass.directory, 'localhost');
    const { key, cert } = tls;
    servers.tls = await mailServer({ secure: true, key, cert });
    servers.starttls = await mailServer({ key, cert, authMethods: ['LOGIN'] });
    servers.plain = await mailServer({ hideSTARTTLS: true, disabledCommands: ['STARTTLS'] });
  });
  after(async () => {
    for (const server of Object.values(servers)) await server.stop();
    await hallpass?.stop();
  });

  it('is sent by TLS with a password', async () => {
    const { port, taken } = servers.tls;
    trying(`smtps://${LOGIN}@localhost:${port}`);
    assert.deepEqual(JSON.parse(await test('--json')), {
      to: 'ada@fernweh.example', server: `localhost:${port}`, encryption: 'tls', code: 250, reply: '2.0.0 queued as 1',
    });
    const [{ message, secure, user, method, envelope }] = taken;
    assert.deepEqual([secure, user, method], [true, 'hall@pass', 'PLAIN']);
    assert.deepEqual([envelope.mailFrom.address, envelope.rcptTo.map(({ address }) => address)], ['it@fernweh.example', ['ada@fernweh.example']]);
    for (const part of [/^From: =\?utf-8\?\S+\?= <it@fernweh\.example>\r$/m, /^Subject: Fernweh: mail works\r$/m, /^Auto-Submitted: auto-generated\r$/m,
      /^Message-ID: <[-0-9a-f]+@127\.0\.0\.1>\r$/m, /multipart\/alternative/, /text\/plain; charset=utf-8/, /text\/html; charset=utf-8/]) {
      assert.match(message, part);
    }
  });

  it('is sent by STARTTLS with a password', async () => {
    const { port, taken } = servers.starttls;
    trying(`smtp://${LOGIN}@localhost:${port}`);
    assert.match(await test(), /\(encrypted, STARTTLS\) and said: 250 2\.0\.0 queued as 1/);
    assert.deepEqual([taken[0].secure, taken[0].method], [true, 'LOGIN']);
  });

  it('is not sent where the certificate is of an authority that nobody trusts, or for another host', async () => {
    for (const url of [`smtps://${LOGIN}@localhost:${servers.tls.port}`, `smtp://${LOGIN}@localhost:${servers.starttls.port}`]) {
      trying(url, { HALLPASS_MAIL_CA_FILE: '' });
      assert.match(await failure(), /no encrypted connection to localhost:\d+: .*certificate verify failed/s);
      trying(url.replace('localhost', '127.0.0.1'));
      assert.match(await failure(), /no encrypted connection to 127\.0\.0\.1:\d+: .*certificate verify failed/s);
    }
    assert.equal(servers.tls.taken.length, 1);
    assert.equal(servers.starttls.taken.length, 1);
  });

  it('trusts what the system trusts', async () => {
    trying(`smtps://${LOGIN}@localhost:${servers.tls.port}`, { HALLPASS_MAIL_CA_FILE: '', SSL_CERT_FILE: tls.ca });
    assert.match(await test(), /encrypted, TLS/);
    delete hallpass.environment.SSL_CERT_FILE;
  });

  it('is not sent unencrypted, nor is the password', async () => {
    trying(`smtp://${LOGIN}@localhost:${servers.plain.port}`);
    assert.match(await failure(), /offers no STARTTLS, so nothing was sent/);
    assert.equal(servers.plain.taken.length, 0);
  });

  it('says in words that the password or the recipient is refused, and that the server wants a password', async () => {
    trying(`smtps://hall%40pass:wrong@localhost:${servers.tls.port}`);
    const why = await failure();
    assert.match(why, /refused user and password: 535 /);
    assert.doesNotMatch(why, /wrong/);
    trying(`smtps://${LOGIN}@localhost:${servers.tls.port}`);
    assert.match(await hallpass.expectFailure('mail', 'test', 'nobody@fernweh.example'), /refused the recipient nobody@fernweh\.example: 550 5\.1\.1 no such mailbox/);
    trying(`smtps://localhost:${servers.tls.port}`);
    assert.match(await failure(), /refused the sender it@fernweh\.example: 530 .*put user and password into mail\.url/s);
  });
});
