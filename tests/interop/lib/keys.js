// Keys and certificates of the service providers that the tests play.

import { execFile } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

/** A key and its self-signed certificate as PEM, and the certificate's file. */
export async function keyPair(directory, name) {
  const [keyFile, certificateFile] = ['key', 'crt'].map((ending) => path.join(directory, `${name}.${ending}`));
  await promisify(execFile)('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-sha256', '-days', '30', '-subj', `/CN=${name}`, '-keyout', keyFile, '-out', certificateFile]);
  return { key: await readFile(keyFile, 'utf8'), cert: await readFile(certificateFile, 'utf8'), file: certificateFile };
}

/** Base64 of the certificate, as in metadata and forms. */
export const certificateBase64 = (pem) => new X509Certificate(pem).raw.toString('base64');

/** SHA-1 in hex, as Auth0 stores it. */
export const thumbprint = (pem) => createHash('sha1').update(new X509Certificate(pem).raw).digest('hex');

/**
 * Metadata of Hallpass with another key in place of ours: a service provider that reads it trusts none of our
 * signatures.
 */
export async function metadataWithOtherKey(hallpass) {
  const other = await keyPair(hallpass.directory, 'stranger');
  return (await hallpass.metadata()).replaceAll(/(<(?:\w+:)?X509Certificate>)[^<]*/g, `$1${certificateBase64(other.cert)}`);
}
