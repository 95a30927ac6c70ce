// ChatGPT's current connection: its AuthnRequest over HTTP-Redirect, unsigned, and a strict reader.

import { randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { current } from './participants.js';
import { read } from './strict-reader.js';

export class CurrentServiceProvider {
  constructor(hallpass, certificate) {
    Object.assign(this, { hallpass, certificate });
  }

  begin({ relayState = '01J{"state":"é&="}', consumer = true } = {}) {
    const id = `_${randomBytes(20).toString('hex')}`;
    const acs = consumer ? ` AssertionConsumerServiceURL="${current.acs}"` : '';
    const xml = `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${id}" Version="2.0" IssueInstant="${new Date().toISOString()}" Destination="${this.hallpass.sso}" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"${acs}><saml:Issuer>${current.audience}</saml:Issuer></samlp:AuthnRequest>`;
    const query = new URLSearchParams({ SAMLRequest: deflateRawSync(xml).toString('base64'), RelayState: relayState });
    return { id, relayState, url: `${this.hallpass.sso}?${query}` };
  }

  consume(xml, requestId) {
    return read(xml, {
      acs: current.acs,
      audience: current.audience,
      requestId,
      issuer: `${this.hallpass.origin}/saml/metadata`,
      certificate: this.certificate,
      now: Date.now(),
    });
  }
}
