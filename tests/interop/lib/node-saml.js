// node-saml, the library under passport-saml, as a site: signs requests over both bindings, requires both signatures.

import { SAML } from '@node-saml/node-saml';
import { ServiceProvider, folderWithKey } from './provider.js';
import { site } from './site.js';

/**
 * `trust` is a certificate to use instead of Hallpass's; `encrypted` adds a key to decrypt with; `options` are the
 * library's.
 */
export async function nodeSaml(hallpass, { slug = 'node-saml', trust, encrypted = false, options = {} } = {}) {
  const { key, cert, file } = await folderWithKey(hallpass, slug);
  const idpCert = trust ?? await hallpass.certificatePem();
  let library;
  const taken = async (visit, { profile, loggedOut }) => {
    if (!loggedOut) {
      return visit.signIn({
        profile,
        name_id: { value: profile.nameID, format: profile.nameIDFormat, name_qualifier: profile.nameQualifier, sp_name_qualifier: profile.spNameQualifier },
        session_index: profile.sessionIndex,
        attributes: profile.attributes,
      });
    }
    if (profile === null) {
      visit.signOut();
      return visit.redirect('/');
    }
    const kept = visit.session?.profile;
    const same = kept?.nameID === profile.nameID;
    if (same) visit.signOut();
    return visit.redirect(await library.getLogoutResponseUrlAsync(profile, visit.query.RelayState ?? visit.form.RelayState ?? '', {}, same));
  };
  const { origin, stop } = await site('node-saml.localhost', {
    metadata: (visit) => visit.text('application/samlmetadata+xml', library.generateServiceProviderMetadata(encrypted ? cert : null, cert)),
    login: async (visit) => {
      if (visit.query.binding === 'post') visit.html(await library.getAuthorizeFormAsync('/'));
      else visit.redirect(await library.getAuthorizeUrlAsync('/', undefined, {}));
    },
    acs: async (visit) => taken(visit, await library.validatePostResponseAsync(visit.form)),
    logout: async (visit) => visit.redirect(await library.getLogoutUrlAsync(visit.session.profile, '/', {})),
    slo: async (visit) => {
      const container = visit.method === 'POST' ? visit.form : visit.query;
      if (visit.method === 'GET') return taken(visit, await library.validateRedirectAsync(container, visit.url.search.slice(1)));
      return taken(visit, await ('SAMLRequest' in container ? library.validatePostRequestAsync(container) : library.validatePostResponseAsync(container)));
    },
  });
  library = new SAML({
    callbackUrl: `${origin}/acs`,
    logoutCallbackUrl: `${origin}/slo`,
    entryPoint: hallpass.sso,
    logoutUrl: hallpass.slo,
    issuer: `${origin}/metadata`,
    idpCert,
    privateKey: key,
    publicCert: cert,
    signatureAlgorithm: 'sha256',
    digestAlgorithm: 'sha256',
    wantAuthnResponseSigned: true,
    wantAssertionsSigned: true,
    // 'always' accepts no LogoutResponse by HTTP-POST: the library looks for InResponseTo only on a Response.
    validateInResponseTo: 'ifPresent',
    ...(encrypted ? { decryptionPvk: key } : {}),
    ...options,
  });
  return new ServiceProvider(hallpass, slug, origin, { stopServer: stop, certificate: file });
}
