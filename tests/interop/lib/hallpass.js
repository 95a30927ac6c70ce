// The real daemon, on a free loopback port with its own data directory, and its command line.

import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../..', import.meta.url));
export const binary = path.resolve(process.env.HALLPASS_BIN ?? path.join(root, 'target/debug/hallpass'));

/** The databases that every suite runs on. */
export const databases = ['SQLite', ...(process.env.HALLPASS_TEST_POSTGRES ? ['PostgreSQL'] : [])];

/** For what only long suites test; what those do with the database, the short ones and tests/it do on both. */
export const mainDatabase = databases.at(-1);

export async function freePort(host = '127.0.0.1') {
  const server = net.createServer();
  await new Promise((done, fail) => server.once('error', fail).listen(0, host, done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** The environment without Hallpass's variables: it refuses those that it does not know. */
export function cleanEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HALLPASS_')));
}

const running = new Set();
process.on('exit', () => { for (const child of running) child.kill('SIGKILL'); });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

/** Kills the process when the tests exit. */
export function killOnExit(child) {
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

export function startHallpass(typed, options) {
  return killOnExit(spawn(binary, typed, { stdio: ['ignore', 'pipe', 'pipe'], ...options }));
}

/** Stops only this process. */
export async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await ended;
  clearTimeout(late);
}

async function emptySchema() {
  const name = `interop_${randomBytes(6).toString('hex')}`;
  await promisify(execFile)('psql', ['-qX', '-v', 'ON_ERROR_STOP=1', '-c', `CREATE SCHEMA ${name}`, process.env.HALLPASS_TEST_POSTGRES]);
  const url = new URL(process.env.HALLPASS_TEST_POSTGRES);
  const join = url.search ? '&' : '?';
  return `${process.env.HALLPASS_TEST_POSTGRES}${join}options=-csearch_path%3D${name}`;
}

export class Hallpass {
  /** `host` is where it is reached: browsers have no passkeys at an IP address. */
  static async start(database, host = '127.0.0.1') {
    const self = new Hallpass();
    self.directory = await mkdtemp(path.join(os.tmpdir(), 'hallpass-interop-'));
    const port = await freePort();
    self.origin = `http://${host}:${port}`;
    self.sso = `${self.origin}/saml/sso`;
    self.slo = `${self.origin}/saml/slo`;
    self.environment = {
      ...cleanEnvironment(),
      HALLPASS_BASE_URL: self.origin,
      HALLPASS_LISTEN: `127.0.0.1:${port}`,
      HALLPASS_DATA_DIR: path.join(self.directory, 'data'),
      ...(database === 'PostgreSQL' ? { HALLPASS_DATABASE_URL: await emptySchema() } : {}),
    };
    self.log = '';
    self.child = startHallpass(['serve'], { env: self.environment, cwd: self.directory });
    for (const stream of [self.child.stdout, self.child.stderr]) stream.on('data', (text) => { self.log += text; });
    try {
      await self.#ready();
    } catch (why) {
      await self.stop();
      throw why;
    }
    return self;
  }

  async #ready() {
    let broken;
    this.child.once('error', (why) => { broken = why; });
    for (const end = Date.now() + 60_000; Date.now() < end;) {
      if (broken) throw broken;
      if (this.child.exitCode !== null) throw new Error(`hallpass serve ended:\n${this.log}`);
      const answer = await fetch(`${this.origin}/health/ready`).catch(() => null);
      if (answer?.ok) return;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`hallpass serve is not ready:\n${this.log}`);
  }

  /** Runs a command as an administrator would; returns its output. */
  async cli(...typed) {
    const input = typeof typed.at(-1) === 'object' ? typed.pop().stdin : '';
    const command = promisify(execFile)(binary, typed, { env: this.environment, cwd: this.directory });
    // A command that refuses early, or reads nothing, may have ended by then.
    command.child.stdin.on('error', () => {});
    command.child.stdin.end(input);
    return (await command).stdout;
  }

  /** Runs a command that must fail; returns its error output. */
  async expectFailure(...typed) {
    const ran = await this.cli(...typed).then((out) => ({ out }), (why) => ({ why }));
    if (!ran.why) throw new Error(`hallpass ${typed.join(' ')} was not refused:\n${ran.out}`);
    return ran.why.stderr;
  }

  async addUser({ email, given, family, password }) {
    await this.cli('user', 'add', email, '--given-name', given, '--family-name', family, '--password-stdin', { stdin: `${password}\n` });
  }

  async certificatePem() {
    const answer = await fetch(`${this.origin}/saml/certificate.pem`);
    if (!answer.ok) throw new Error(`certificate.pem: ${answer.status}`);
    return answer.text();
  }

  async metadata() {
    return (await fetch(`${this.origin}/saml/metadata`)).text();
  }

  async stop() {
    await stop(this.child);
    await rm(this.directory, { recursive: true, force: true });
  }
}
