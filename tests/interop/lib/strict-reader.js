// A strict reader of responses as the current connection requires them (chatgpt.md; section 0 of service-providers.md):
// any error in a response is refused, and only what both signatures cover is read.

import { DOMParser } from '@xmldom/xmldom';
import { X509Certificate } from 'node:crypto';
import { SignedXml } from 'xml-crypto';

const SAMLP = 'urn:oasis:names:tc:SAML:2.0:protocol';
const SAML = 'urn:oasis:names:tc:SAML:2.0:assertion';
const DSIG = 'http://www.w3.org/2000/09/xmldsig#';
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const CLAIMS = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/;

/** The attributes that a response must contain, each once: the names of both connections. */
export const ATTRIBUTES = ['id', 'email', 'firstName', 'lastName', 'emailaddress', 'givenname', 'surname', 'name']
  .map((name, index) => (index < 4 ? name : `${CLAIMS}/${name}`));

class Refused extends Error {}

function require(holds, words) {
  if (!holds) throw new Refused(words);
}

function requireEqual(found, wanted, words) {
  require(found === wanted, `${words}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
}

function parse(xml) {
  const complain = (words) => { throw new Refused(`not well-formed: ${words}`); };
  require(!/<!DOCTYPE|<!ENTITY/i.test(xml), 'a DTD');
  require(!xml.includes('\r') && !/&#(13|x0*d);/i.test(xml), 'a carriage return');
  return new DOMParser({ errorHandler: { warning: complain, error: complain, fatalError: complain } }).parseFromString(xml, 'text/xml');
}

const children = (node) => Array.from(node.childNodes).filter((child) => child.nodeType === 1);
const every = (node, namespace, name) => Array.from(node.getElementsByTagNameNS(namespace, name));
const names = (node) => children(node).map((child) => child.localName).join(' ');

/** The only child of that name. */
function only(node, namespace, name) {
  const found = children(node).filter((child) => child.namespaceURI === namespace && child.localName === name);
  requireEqual(found.length, 1, `${name} in ${node.localName}`);
  return found[0];
}

function textOf(node) {
  require(Array.from(node.childNodes).every((child) => child.nodeType === 3), `${node.localName} holds text alone`);
  return node.textContent;
}

function time(node, name) {
  const text = node.getAttribute(name);
  require(TIME.test(text), `${node.localName}/@${name} is no UTC time with Z: ${text}`);
  return Date.parse(text);
}

/** Between elements there is nothing: no text that a reader could use, no comment, no processing instruction. */
function requireElementContent(node) {
  const inner = children(node);
  for (const child of Array.from(node.childNodes)) {
    require(child.nodeType === 1 || (child.nodeType === 3 && inner.length === 0), `stray content in ${node.localName}`);
  }
  inner.forEach(requireElementContent);
}

/** Verifies the signature that `element` contains over itself; returns what it covers, parsed again. */
function signed(xml, element, certificate) {
  const signature = only(element, DSIG, 'Signature');
  require(children(element)[1] === signature, `Signature stands right after Issuer in ${element.localName}`);
  const info = only(signature, DSIG, 'SignedInfo');
  requireEqual(only(info, DSIG, 'CanonicalizationMethod').getAttribute('Algorithm'), EXCLUSIVE, 'canonicalisation');
  requireEqual(only(info, DSIG, 'SignatureMethod').getAttribute('Algorithm'), 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'signature algorithm');
  const reference = only(info, DSIG, 'Reference');
  requireEqual(reference.getAttribute('URI'), `#${element.getAttribute('ID')}`, `what ${element.localName}'s signature covers`);
  requireEqual(only(reference, DSIG, 'DigestMethod').getAttribute('Algorithm'), 'http://www.w3.org/2001/04/xmlenc#sha256', 'digest algorithm');
  const transforms = children(only(reference, DSIG, 'Transforms')).map((one) => one.getAttribute('Algorithm')).join(' ');
  requireEqual(transforms, `${DSIG}enveloped-signature ${EXCLUSIVE}`, 'transforms');
  const key = only(only(only(signature, DSIG, 'KeyInfo'), DSIG, 'X509Data'), DSIG, 'X509Certificate');
  requireEqual(key.textContent.replace(/\s/g, ''), new X509Certificate(certificate).raw.toString('base64'), 'the certificate in KeyInfo');

  const check = new SignedXml({ publicCert: certificate, getCertFromKeyInfo: () => null });
  check.loadSignature(signature);
  let holds = false;
  try {
    holds = check.checkSignature(xml);
  } catch (why) {
    throw new Refused(`${element.localName}'s signature: ${why.message}`);
  }
  require(holds, `${element.localName}'s signature`);
  const [covered, ...more] = check.getSignedReferences();
  require(covered !== undefined && more.length === 0, 'one reference');
  const root = parse(covered).documentElement;
  requireEqual(root.getAttribute('ID'), element.getAttribute('ID'), 'the signed element');
  return root;
}

/**
 * Reads a response as the current connection does, or throws saying what is wrong.
 * `expected`: acs, audience, requestId, issuer, certificate (PEM), now (ms).
 */
export function read(xml, expected) {
  const document = parse(xml);
  const response = document.documentElement;
  requireEqual(Array.from(document.childNodes).filter((node) => node.nodeType === 1).length, 1, 'roots');
  requireEqual(`${response.namespaceURI} ${response.localName}`, `${SAMLP} Response`, 'the root');
  requireElementContent(response);
  for (const [name, count] of [['Response', 1], ['Assertion', 1], ['EncryptedAssertion', 0], ['EncryptedID', 0], ['EncryptedAttribute', 0], ['OneTimeUse', 0], ['AttributeStatement', 1], ['Audience', 1]]) {
    requireEqual(every(response, '*', name).length + Number(response.localName === name), count, `how many ${name}`);
  }
  const ids = [response, ...every(response, '*', '*')].map((node) => node.getAttribute('ID')).filter(Boolean);
  requireEqual(new Set(ids).size, ids.length, 'IDs are unique');
  for (const id of ids) require(/^[A-Za-z_][\w.-]{31,}$/.test(id), `an ID of 160 bits: ${id}`);

  requireEqual(names(response), 'Issuer Signature Status Assertion', 'the order in Response');
  const inResponse = signed(xml, response, expected.certificate);
  const inAssertion = signed(xml, only(response, SAML, 'Assertion'), expected.certificate);

  requireEqual(inResponse.getAttribute('Version'), '2.0', 'Response/@Version');
  requireEqual(inResponse.getAttribute('Destination'), expected.acs, 'Destination');
  requireEqual(inResponse.getAttribute('InResponseTo'), expected.requestId, 'Response/@InResponseTo');
  requireEqual(textOf(only(inResponse, SAML, 'Issuer')), expected.issuer, 'Response/Issuer');
  const status = only(only(inResponse, SAMLP, 'Status'), SAMLP, 'StatusCode');
  requireEqual(status.getAttribute('Value'), 'urn:oasis:names:tc:SAML:2.0:status:Success', 'the status');
  requireEqual(children(status).length, 0, 'second-level status');
  const issued = time(inResponse, 'IssueInstant');
  require(Math.abs(expected.now - issued) < 60_000, 'issued now');
  requireEqual(only(inResponse, SAML, 'Assertion').getAttribute('ID'), inAssertion.getAttribute('ID'), 'both signatures cover one assertion');
  return assertion(inAssertion, expected, issued);
}

function assertion(node, expected, issued) {
  requireEqual(node.getAttribute('Version'), '2.0', 'Assertion/@Version');
  requireEqual(names(node), 'Issuer Subject Conditions AuthnStatement AttributeStatement', 'the order in Assertion');
  requireEqual(time(node, 'IssueInstant'), issued, 'both issued at once');
  requireEqual(textOf(only(node, SAML, 'Issuer')), expected.issuer, 'Assertion/Issuer');

  const subject = only(node, SAML, 'Subject');
  requireEqual(names(subject), 'NameID SubjectConfirmation', 'Subject');
  const nameId = only(subject, SAML, 'NameID');
  requireEqual(nameId.getAttribute('Format'), 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress', 'NameID/@Format');
  const confirmation = only(subject, SAML, 'SubjectConfirmation');
  requireEqual(confirmation.getAttribute('Method'), 'urn:oasis:names:tc:SAML:2.0:cm:bearer', 'the confirmation');
  const data = only(confirmation, SAML, 'SubjectConfirmationData');
  requireEqual(data.getAttribute('Recipient'), expected.acs, 'Recipient');
  requireEqual(data.getAttribute('InResponseTo'), expected.requestId, 'SubjectConfirmationData/@InResponseTo');
  require(!data.hasAttribute('NotBefore'), 'SubjectConfirmationData/@NotBefore');
  window(issued, time(data, 'NotOnOrAfter'), expected.now);

  const conditions = only(node, SAML, 'Conditions');
  requireEqual(names(conditions), 'AudienceRestriction', 'Conditions');
  const notBefore = time(conditions, 'NotBefore');
  require(issued - notBefore >= 60_000 && issued - notBefore <= 300_000, 'NotBefore lies 1 to 5 minutes back');
  window(issued, time(conditions, 'NotOnOrAfter'), expected.now);
  requireEqual(textOf(only(only(conditions, SAML, 'AudienceRestriction'), SAML, 'Audience')), expected.audience, 'Audience');

  const authentication = only(node, SAML, 'AuthnStatement');
  require(time(authentication, 'AuthnInstant') <= issued, 'AuthnInstant');
  require(!authentication.hasAttribute('SessionNotOnOrAfter'), 'SessionNotOnOrAfter');
  const sessionIndex = authentication.getAttribute('SessionIndex');
  require(sessionIndex.length > 20, 'SessionIndex');
  requireEqual(textOf(only(only(authentication, SAML, 'AuthnContext'), SAML, 'AuthnContextClassRef')), 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport', 'the class');

  const attributes = {};
  for (const attribute of children(only(node, SAML, 'AttributeStatement'))) {
    const name = attribute.getAttribute('Name');
    require(!(name in attributes), `${name} twice`);
    attributes[name] = textOf(only(attribute, SAML, 'AttributeValue'));
    requireEqual(children(attribute).length, 1, `values of ${name}`);
  }
  requireEqual(Object.keys(attributes).sort().join(' '), [...ATTRIBUTES].sort().join(' '), 'the attributes');
  const email = textOf(nameId);
  requireEqual(email, email.toLowerCase().trim(), 'the e-mail as it is kept');
  for (const name of ['email', `${CLAIMS}/emailaddress`]) requireEqual(attributes[name], email, `${name} and the NameID`);
  return { email: attributes.email, given: attributes.firstName, family: attributes.lastName, id: attributes.id, sessionIndex, attributes };
}

function window(issued, end, now) {
  require(end > now && end - issued <= 300_000 && end - issued >= 60_000, `NotOnOrAfter within 1 to 5 minutes: ${new Date(end).toISOString()}`);
}
