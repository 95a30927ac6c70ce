// ChatGPT's legacy connection: Auth0's own service-provider library, configured as Auth0 does.

import { Strategy } from 'passport-wsfed-saml2';
import { legacy } from './participants.js';

const CLAIMS = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';

export class LegacyServiceProvider {
  /** `trust` is `{cert}` or `{thumbprint}`; `more` are further options of the connection. */
  constructor(hallpass, trust, more = {}) {
    this.asked = new Set();
    this.options = {
      protocol: 'samlp',
      realm: legacy.audience,
      identityProviderUrl: hallpass.sso,
      checkDestination: true,
      checkRecipient: true,
      checkAudience: true,
      isValidInResponseTo: (id, done) => done(this.asked.has(id) ? null : new Error(`InResponseTo ${id} was never asked`)),
      ...trust,
      ...more,
    };
    this.address = more.arrivesAt ?? legacy.acs;
  }

  /** Takes passport's part: the library reports by `redirect`, `success`, `fail` and `error`. */
  #run(request, options) {
    return new Promise((done, broken) => {
      // A new one each time: the library writes what it has seen into its options.
      const strategy = new Strategy({ ...this.options }, (profile, verified) => verified(null, profile));
      strategy.redirect = (url) => done({ url });
      strategy.success = (profile) => done({ profile });
      strategy.fail = (why) => done({ refusal: why instanceof Error ? why.message : String(why) });
      strategy.error = broken;
      strategy.authenticate(request, options);
    });
  }

  /** The URL of an AuthnRequest, and the request's ID. */
  async begin(relayState = 'hYw8-é/+=&"x') {
    // The library writes the request's ID into the options of this call.
    const exchange = { RelayState: relayState };
    const { url } = await this.#run({ method: 'GET', query: {} }, exchange);
    this.asked.add(exchange.request_id);
    return { url, id: exchange.request_id, relayState };
  }

  /** Receives what the browser posts to the ACS: `{profile}` or `{refusal}`. */
  async consume(fields) {
    const { protocol, host, pathname, search } = new URL(this.address);
    return this.#run({
      method: 'POST',
      body: fields,
      protocol: protocol.slice(0, -1),
      originalUrl: pathname + search,
      get: (name) => (name === 'host' ? host : undefined),
    }, {});
  }
}

/** How OpenAI maps the claims. */
export const mapped = (profile) => ({
  email: profile[`${CLAIMS}/nameidentifier`],
  given: profile[`${CLAIMS}/givenname`] ?? profile[`${CLAIMS}/name`],
  family: profile[`${CLAIMS}/surname`],
});
