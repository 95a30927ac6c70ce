// An application on a site of its own: it signs users in and out over SAML, and fails as the test says.

import { createHash, createSign, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { certificateBase64, keyPair } from '../interop/lib/keys.js';
import { site } from './lib.js';

const SAML = 'urn:oasis:names:tc:SAML:2.0';
const DS = 'http://www.w3.org/2000/09/xmldsig#';
const C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';

const fresh = () => `_${randomBytes(20).toString('hex')}`;
const find = (xml, pattern) => pattern.exec(xml)?.[1] ?? (() => { throw new Error(`${pattern} in ${xml}`); })();
const html = (title, inside = '') => `<!doctype html><title>${title}</title><h1>${title}</h1>${inside}`;
const sign = (key, text) => createSign('sha256').update(text).sign(key, 'base64');

export class TestServiceProvider {
  /** `binding`: how it receives logout messages, `Redirect` or `POST`; undefined: not at all. */
  static async start(demo, host, name, binding) {
    const self = new TestServiceProvider();
    Object.assign(self, { demo, name, binding, slug: name.toLowerCase(), mode: 'answers', asked: 0, answers: [] });
    self.entityId = `urn:test:${self.slug}`;
    Object.assign(self, await keyPair(demo.directory, self.slug));
    const served = await site(host, (request, response, body) => self.serve(request, response, body));
    Object.assign(self, { origin: served.origin, stop: served.stop });
    const slo = binding ? `<md:SingleLogoutService Binding="${SAML}:bindings:HTTP-${binding}" Location="${self.origin}/slo"/>` : '';
    const metadata = path.join(demo.directory, `${self.slug}.xml`);
    await writeFile(metadata, `<md:EntityDescriptor xmlns:md="${SAML}:metadata" entityID="${self.entityId}"><md:SPSSODescriptor protocolSupportEnumeration="${SAML}:protocol"><md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="${DS}"><ds:X509Data><ds:X509Certificate>${certificateBase64(self.cert)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>${slo}<md:AssertionConsumerService Binding="${SAML}:bindings:HTTP-POST" Location="${self.origin}/acs" index="0"/></md:SPSSODescriptor></md:EntityDescriptor>`);
    await demo.cli('app', 'add', 'saml', '--metadata', metadata, '--name', name, '--slug', self.slug);
    return self;
  }

  serve(request, response, body) {
    const address = new URL(request.url, this.origin);
    const sent = request.method === 'POST' ? new URLSearchParams(body) : address.searchParams;
    const page = (title, inside) => response.setHeader('content-type', 'text/html; charset=utf-8').end(html(title, inside));
    const go = (location) => response.writeHead(303, { location }).end();
    switch (address.pathname) {
      case '/': return page(this.name, '<a href="/sign-out">Sign out</a>');
      case '/sign-in': return go(this.redirect('sso', 'SAMLRequest', this.authnRequest()));
      case '/acs': {
        const xml = Buffer.from(sent.get('SAMLResponse'), 'base64').toString();
        this.session = { name: find(xml, /<saml:NameID[^>]*>([^<]*)</), index: find(xml, /SessionIndex="([^"]*)"/) };
        return go('/');
      }
      case '/sign-out': return go(this.redirect('slo', 'SAMLRequest', this.logoutRequest(), 'back'));
      case '/slo': return sent.has('SAMLResponse') ? this.hear(sent, page) : this.obey(sent, response, page, go);
      default: return response.writeHead(404).end();
    }
  }

  /** Receives the LogoutResponse to its own LogoutRequest. */
  hear(sent, page) {
    const packed = Buffer.from(sent.get('SAMLResponse'), 'base64');
    const xml = (packed[0] === 0x3c ? packed : inflateRawSync(packed)).toString();
    this.answers.push({ xml, relayState: sent.get('RelayState') });
    return page(`Signed out of ${this.name}`);
  }

  /** Receives a LogoutRequest to end its session. */
  obey(sent, response, page, go) {
    this.asked += 1;
    const packed = Buffer.from(sent.get('SAMLRequest'), 'base64');
    const xml = (packed[0] === 0x3c ? packed : inflateRawSync(packed)).toString();
    const answer = this.logoutResponse(find(xml, /^<samlp:LogoutRequest[^>]* ID="([^"]*)"/));
    switch (this.mode) {
      case 'hangs': return undefined;
      case 'errors': return response.writeHead(500, { 'content-type': 'text/html' }).end(html('Internal error'));
      case 'answers': break;
      default: throw new Error(this.mode);
    }
    this.session = undefined;
    if (this.binding !== 'POST') return go(this.redirect('slo', 'SAMLResponse', answer));
    const form = `<form method="post" action="${this.demo.hallpass}/saml/slo"><input type="hidden" name="SAMLResponse" value="${Buffer.from(this.signed(answer)).toString('base64')}"><button>Go</button></form><script>document.forms[0].submit()</script>`;
    return page('One moment', form);
  }

  authnRequest() {
    return `<samlp:AuthnRequest xmlns:samlp="${SAML}:protocol" Destination="${this.demo.hallpass}/saml/sso" ID="${fresh()}" IssueInstant="${new Date().toISOString()}" Version="2.0"><saml:Issuer xmlns:saml="${SAML}:assertion">${this.entityId}</saml:Issuer></samlp:AuthnRequest>`;
  }

  logoutRequest() {
    const { name, index } = this.session;
    return `<samlp:LogoutRequest xmlns:samlp="${SAML}:protocol" Destination="${this.demo.hallpass}/saml/slo" ID="${fresh()}" IssueInstant="${new Date().toISOString()}" Version="2.0"><saml:Issuer xmlns:saml="${SAML}:assertion">${this.entityId}</saml:Issuer><saml:NameID xmlns:saml="${SAML}:assertion" Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">${name}</saml:NameID><samlp:SessionIndex>${index}</samlp:SessionIndex></samlp:LogoutRequest>`;
  }

  logoutResponse(to) {
    return `<samlp:LogoutResponse xmlns:samlp="${SAML}:protocol" Destination="${this.demo.hallpass}/saml/slo" ID="${fresh()}" InResponseTo="${to}" IssueInstant="${new Date().toISOString()}" Version="2.0"><saml:Issuer xmlns:saml="${SAML}:assertion">${this.entityId}</saml:Issuer><samlp:Status><samlp:StatusCode Value="${SAML}:status:Success"></samlp:StatusCode></samlp:Status></samlp:LogoutResponse>`;
  }

  /** The URL that carries a message, with a signature over the query. */
  redirect(door, field, xml, relayState) {
    const pairs = [[field, deflateRawSync(xml).toString('base64')], ...(relayState ? [['RelayState', relayState]] : []), ['SigAlg', RSA_SHA256]];
    const query = pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
    return `${this.demo.hallpass}/saml/${door}?${query}&Signature=${encodeURIComponent(sign(this.key, query))}`;
  }

  /** The same message with an XML signature inside; what is written here is already in canonical form. */
  signed(xml) {
    const digest = createHash('sha256').update(xml).digest('base64');
    const info = `<ds:CanonicalizationMethod Algorithm="${C14N}"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="${RSA_SHA256}"></ds:SignatureMethod><ds:Reference URI="#${find(xml, / ID="([^"]*)"/)}"><ds:Transforms><ds:Transform Algorithm="${DS}enveloped-signature"></ds:Transform><ds:Transform Algorithm="${C14N}"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue>${digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>`;
    const value = sign(this.key, `<ds:SignedInfo xmlns:ds="${DS}">${info}`);
    return xml.replace('</saml:Issuer>', `</saml:Issuer><ds:Signature xmlns:ds="${DS}"><ds:SignedInfo>${info}<ds:SignatureValue>${value}</ds:SignatureValue></ds:Signature>`);
  }
}
