// The Python service providers, each in a process of its own.

import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cleanEnvironment, freePort, killOnExit, stop } from './hallpass.js';
import { ServiceProvider, folderWithKey } from './provider.js';

const folderOfPrograms = fileURLToPath(new URL('../sp', import.meta.url));
const python = process.env.HALLPASS_TEST_PYTHON ?? path.join(folderOfPrograms, '../../../target/interop-python/bin/python');

export const python3Saml = (hallpass, more) => start(hallpass, 'python3_saml', 'python3-saml', 'localhost', more);
export const pysaml2 = (hallpass, more) => start(hallpass, 'pysaml2_sp', 'pysaml2', 'pysaml2.localhost', more);

async function start(hallpass, program, slug, host, { slug: otherSlug, host: otherHost, ...more } = {}) {
  const { folder, file } = await folderWithKey(hallpass, slug);
  const port = await freePort();
  const origin = `http://${otherHost ?? host}:${port}`;
  const settings = { origin, port, folder, idp: `${hallpass.origin}/saml/metadata`, ...more };
  const child = killOnExit(spawn(python, ['-E', '-s', '-B', path.join(folderOfPrograms, `${program}.py`), JSON.stringify(settings)], {
    cwd: folder,
    env: cleanEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  }));
  let log = '';
  child.stderr.on('data', (text) => { log += text; });
  await new Promise((ready, fail) => {
    child.once('error', fail);
    child.once('exit', () => fail(new Error(`${program} ended:\n${log}`)));
    child.stdout.once('data', ready);
  });
  return new ServiceProvider(hallpass, otherSlug ?? slug, origin, { stopServer: () => stop(child), certificate: file });
}
