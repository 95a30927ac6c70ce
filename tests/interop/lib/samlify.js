// samlify as a site. It is configured to sign its LogoutRequests, but not its LogoutResponses.

import * as library from 'samlify';
import { ServiceProvider, folderWithKey } from './provider.js';
import { site } from './site.js';

// It insists on a schema check, and leaves it to the application.
library.setSchemaValidator({ validate: async () => 'not checked' });

const BINDING = 'urn:oasis:names:tc:SAML:2.0:bindings';

/** `trust` is metadata to use instead of Hallpass's. */
export async function samlify(hallpass, { slug = 'samlify', trust } = {}) {
  const { key, cert, file } = await folderWithKey(hallpass, slug);
  const idp = library.IdentityProvider({ metadata: trust ?? await hallpass.metadata(), wantLogoutRequestSigned: true });
  let sp;
  const asked = new Set();
  /** What a redirect's signature covers. */
  const signed = (visit, name) => ({
    query: visit.query,
    octetString: [name, 'RelayState', 'SigAlg'].flatMap((one) => visit.url.search.slice(1).split('&').filter((pair) => pair.startsWith(`${one}=`))).join('&'),
  });
  const { origin, stop } = await site('samlify.localhost', {
    metadata: (visit) => visit.text('application/samlmetadata+xml', sp.getMetadata()),
    login: (visit) => {
      const { id, context } = sp.createLoginRequest(idp, 'redirect', { relayState: '/' });
      asked.add(id);
      visit.redirect(context);
    },
    acs: async (visit) => {
      const { extract } = await sp.parseLoginResponse(idp, 'post', { body: visit.form });
      if (!asked.has(extract.response.inResponseTo)) throw new Error('never asked');
      visit.signIn({ name_id: { value: extract.nameID }, session_index: extract.sessionIndex.sessionIndex, attributes: extract.attributes });
    },
    logout: (visit) => {
      const { name_id: name, session_index: sessionIndex } = visit.session;
      visit.redirect(sp.createLogoutRequest(idp, 'redirect', { logoutNameID: name.value, sessionIndex }, { relayState: '/' }).context);
    },
    slo: async (visit) => {
      if ('SAMLResponse' in visit.query) {
        await sp.parseLogoutResponse(idp, 'redirect', signed(visit, 'SAMLResponse'));
        visit.signOut();
        return visit.redirect('/');
      }
      const request = await sp.parseLogoutRequest(idp, 'redirect', signed(visit, 'SAMLRequest'));
      if (visit.session?.name_id.value === request.extract.nameID) visit.signOut();
      return visit.redirect(sp.createLogoutResponse(idp, request, 'redirect', { relayState: visit.query.RelayState ?? '' }).context);
    },
  });
  sp = library.ServiceProvider({
    entityID: `${origin}/metadata`,
    authnRequestsSigned: false,
    wantAssertionsSigned: true,
    wantMessageSigned: true,
    wantLogoutRequestSigned: true,
    wantLogoutResponseSigned: true,
    requestSignatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    privateKey: key,
    signingCert: cert,
    nameIDFormat: ['urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'],
    assertionConsumerService: [{ Binding: `${BINDING}:HTTP-POST`, Location: `${origin}/acs` }],
    singleLogoutService: [{ Binding: `${BINDING}:HTTP-Redirect`, Location: `${origin}/slo` }],
  });
  return new ServiceProvider(hallpass, slug, origin, { stopServer: stop, certificate: file });
}
