// A third-party service provider from outside: its URLs, how a user signs in and out, and what it read.

import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { keyPair } from './keys.js';
import { exchange } from './visitor.js';

export class ServiceProvider {
  /** `certificate` is the file of its own certificate; `paths` override `/login`, `/logout`, `/metadata`. */
  constructor(hallpass, slug, origin, { stopServer, certificate, paths = {} }) {
    Object.assign(this, { hallpass, slug, origin, stopServer, certificate });
    this.paths = { login: '/login', logout: '/logout', metadata: '/metadata', ...paths };
  }

  get login() { return this.origin + this.paths.login; }

  get logout() { return this.origin + this.paths.logout; }

  /** Writes its own metadata, as it publishes it, to a file. */
  async metadata() {
    const answer = await this.get(this.paths.metadata);
    assert.equal(answer.status, 200, `metadata of ${this.slug}: ${answer.html}`);
    const file = path.join(this.hallpass.directory, `${this.slug}.xml`);
    await writeFile(file, answer.html);
    return file;
  }

  /** Registers it at Hallpass by its own metadata. */
  async register(...more) {
    return this.hallpass.cli('app', 'add', 'saml', '--metadata', await this.metadata(), '--slug', this.slug, '--name', this.slug, ...more);
  }

  /** Fetches one of its pages without cookies. */
  async get(address) {
    const { host, port } = new URL(this.origin);
    return exchange({ port, path: address, headers: { host } });
  }

  /** What its own code read about the user of this browser session, or null. */
  async who(visitor) {
    const answer = await visitor.request(`${this.origin}/who`);
    assert.equal(answer.status, 200, answer.html);
    return JSON.parse(answer.html);
  }

  async stop() { await this.stopServer(); }
}

/** A folder of its own with a key and certificate, and the text of both. */
export async function folderWithKey(hallpass, name, inside = hallpass.directory) {
  const folder = await mkdtemp(path.join(inside, `${name}-`));
  return { folder, ...await keyPair(folder, 'sp') };
}
