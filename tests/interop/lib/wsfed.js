// passport-wsfed-saml2 as a site that a browser can visit. The library has no logout: only its own session ends.

import { LegacyServiceProvider } from './legacy.js';
import { ServiceProvider } from './provider.js';
import { site } from './site.js';

const CLAIMS = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';

/** `trust` is `{cert}` or `{thumbprint}`. */
export async function wsfed(hallpass, trust) {
  let library;
  const { origin, stop } = await site('wsfed.localhost', {
    login: async (visit) => visit.redirect((await library.begin('/')).url),
    acs: async (visit) => {
      const { profile, refusal } = await library.consume(visit.form);
      if (refusal) throw new Error(refusal);
      visit.signIn({ name_id: { value: profile[`${CLAIMS}/nameidentifier`] }, session_index: profile.sessionIndex, attributes: profile });
    },
    logout: (visit) => {
      visit.signOut();
      visit.redirect('/');
    },
  });
  library = new LegacyServiceProvider(hallpass, trust, { realm: `${origin}/metadata`, arrivesAt: `${origin}/acs` });
  const provider = new ServiceProvider(hallpass, 'wsfed', origin, { stopServer: stop });
  provider.register = (...more) => hallpass.cli('app', 'add', 'saml', '--entity-id', `${origin}/metadata`, '--acs', `${origin}/acs`, '--slug', 'wsfed', '--name', 'wsfed', ...more);
  return provider;
}
