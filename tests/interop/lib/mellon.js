// mod_auth_mellon: Apache with its own files and ports, in front of a small application.

import { spawn } from 'node:child_process';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { freePort, killOnExit, stop } from './hallpass.js';
import { ServiceProvider, folderWithKey } from './provider.js';
import { site } from './site.js';

const MODULES = '/usr/lib/apache2/modules';
const template = new URL('../sp/mellon.conf', import.meta.url);

/** The application behind Apache: it reads the user from headers, and knows no SAML. */
function application() {
  const header = (visit, name) => {
    const text = Buffer.from(visit.headers[name] ?? '', 'latin1').toString();
    return text === '' || text === '(null)' ? undefined : text;
  };
  const told = (visit) => {
    const [nameId, email, given, family, id, from] = ['x-name-id', 'x-email', 'x-given', 'x-family', 'x-id', 'x-idp'].map((name) => header(visit, name));
    return nameId === undefined ? null : { name_id: { value: nameId }, idp: from, attributes: { email, firstName: given, lastName: family, id } };
  };
  return site('127.0.0.1', {
    who: (visit) => visit.json(told(visit)),
    login: (visit) => visit.redirect('/'),
    '': (visit) => visit.page(told(visit) ? 'Signed in' : 'Nobody is signed in'),
  });
}

/** `more` are further lines of its configuration; `idp` is metadata to use instead of Hallpass's. */
export async function mellon(hallpass, { slug = 'mellon', more = '', idp } = {}) {
  // Apache's workers do not run as root even if the tests do; they need a folder that they can enter to read metadata.
  const isRoot = process.getuid() === 0;
  const { folder, file } = await folderWithKey(hallpass, `hallpass-${slug}`, isRoot ? '/tmp' : undefined);
  await chmod(folder, 0o755);
  const behind = await application();
  const port = await freePort();
  const origin = `http://${slug}.localhost:${port}`;
  await writeFile(path.join(folder, 'idp.xml'), idp ?? await hallpass.metadata());
  const user = isRoot ? 'User www-data\nGroup www-data' : '';
  const values = { folder, port, origin, user, more, modules: MODULES, application: behind.port };
  const configuration = path.join(folder, 'apache.conf');
  await writeFile(configuration, (await readFile(template, 'utf8')).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole));

  let apache;
  const stopServer = async () => {
    await stop(apache);
    await behind.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const paths = { login: '/mellon/login?ReturnTo=%2F', logout: '/mellon/logout?ReturnTo=%2F', metadata: '/mellon/metadata' };
  const provider = new ServiceProvider(hallpass, slug, origin, { stopServer, certificate: file, paths });

  async function run() {
    let said = '';
    apache = killOnExit(spawn('/usr/sbin/apache2', ['-DFOREGROUND', '-f', configuration], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] }));
    for (const stream of [apache.stdout, apache.stderr]) stream.on('data', (text) => { said += text; });
    for (const end = Date.now() + 20_000; ;) {
      const answer = await provider.get('/').catch(() => null);
      if (answer?.status === 200) return;
      if (apache.exitCode !== null || Date.now() > end) {
        const why = `Apache is not ready: ${said.slice(-1000)}${(await provider.log()).slice(-1000)}${answer?.html ?? ''}`;
        await stopServer();
        throw new Error(why);
      }
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  /** Apache's log, for a test that fails. */
  provider.log = () => readFile(path.join(folder, 'error.log'), 'utf8').catch(() => '');
  /** Fetches our metadata from `address`, as an administrator does: into the file, then restarts Apache. */
  provider.reloadMetadata = async (address) => {
    const answer = await fetch(hallpass.origin + address);
    await writeFile(path.join(folder, 'idp.xml'), await answer.text());
    await stop(apache);
    await run();
  };
  await run();
  return provider;
}
