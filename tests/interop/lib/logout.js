// Single logout as Auth0 does it: a signed LogoutRequest by HTTP-Redirect, and a LogoutResponse that is verified over
// its re-encoded parameters. (Auth0's service-provider library has no logout; this imitates Auth0.)

import { DOMParser } from '@xmldom/xmldom';
import assert from 'node:assert/strict';
import { createVerify, createSign, randomBytes } from 'node:crypto';
import { stringify } from 'node:querystring';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { legacy } from './participants.js';

const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
const EMAIL = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';

/** The URL of a LogoutRequest; without `key` it is not signed. */
export function logoutRequest({ hallpass, nameId, sessionIndex, key, relayState, issuer = legacy.audience, destination = hallpass.slo, issued = new Date(), id = `_${randomBytes(16).toString('hex')}` }) {
  const index = sessionIndex === undefined ? '' : `<samlp:SessionIndex>${sessionIndex}</samlp:SessionIndex>`;
  const xml = `<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${id}" IssueInstant="${issued.toISOString()}" Version="2.0" Destination="${destination}"><saml:Issuer>${issuer}</saml:Issuer><saml:NameID Format="${EMAIL}">${nameId}</saml:NameID>${index}</samlp:LogoutRequest>`;
  const parameters = { SAMLRequest: deflateRawSync(xml).toString('base64') };
  if (relayState !== undefined) parameters.RelayState = relayState;
  if (key) {
    parameters.SigAlg = RSA_SHA256;
    parameters.Signature = createSign('RSA-SHA256').update(stringify(parameters)).sign(key, 'base64');
  }
  return { id, url: `${hallpass.slo}?${stringify(parameters)}` };
}

/** Reads our LogoutResponse from the URL that it was sent to, after verifying it as Auth0 does. */
export function logoutResponse(address, certificate) {
  const [location, query] = [address.slice(0, address.indexOf('?')), address.slice(address.indexOf('?') + 1)];
  assert.equal(location, legacy.logout);
  const raw = query.split('&').map((pair) => pair.split('='));
  assert.equal(new Set(raw.map(([name]) => name)).size, raw.length, 'every parameter once');
  const found = new URLSearchParams(query);
  const parameters = Object.fromEntries(found);
  assert.equal(parameters.SigAlg, RSA_SHA256);
  const octets = ['SAMLResponse', 'RelayState', 'SigAlg']
    .filter((name) => name in parameters)
    .map((name) => `${name}=${encodeURIComponent(parameters[name])}`)
    .join('&');
  assert.ok(createVerify('RSA-SHA256').update(octets).verify(certificate, parameters.Signature, 'base64'), 'the signature over the re-encoded parameters');
  const changed = octets.replace('SAMLResponse=', 'SAMLResponse=A');
  assert.ok(!createVerify('RSA-SHA256').update(changed).verify(certificate, parameters.Signature, 'base64'), 'control: other octets do not verify');

  const root = new DOMParser().parseFromString(inflateRawSync(Buffer.from(parameters.SAMLResponse, 'base64')).toString(), 'text/xml').documentElement;
  const [one] = Array.from(root.getElementsByTagNameNS('*', 'Issuer'));
  return {
    root: root.localName,
    destination: root.getAttribute('Destination'),
    inResponseTo: root.getAttribute('InResponseTo'),
    issuer: one.textContent,
    status: Array.from(root.getElementsByTagNameNS('*', 'StatusCode')).map((code) => code.getAttribute('Value').split(':').at(-1)),
    relayState: parameters.RelayState,
  };
}
