// Single logout with LogoutRequests in Auth0's style.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Hallpass, databases } from './lib/hallpass.js';
import { certificateBase64, keyPair } from './lib/keys.js';
import { LegacyServiceProvider } from './lib/legacy.js';
import { logoutRequest, logoutResponse } from './lib/logout.js';
import { legacy, registerAll, user } from './lib/participants.js';
import { BrowserSession, isSignInPage, postedResponse } from './lib/visitor.js';

const NAME_ID = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier';

for (const database of databases) {
  describe(`logout on ${database}`, () => {
    let hallpass;
    let pem;
    let partner;
    let other;

    before(async () => {
      hallpass = await Hallpass.start(database);
      await registerAll(hallpass);
      pem = await hallpass.certificatePem();
      partner = await keyPair(hallpass.directory, 'auth0.openai.com');
      other = await keyPair(hallpass.directory, 'other');
    });
    after(() => hallpass?.stop());

    /** Signs in; returns what Auth0 stores for the logout. */
    async function signedIn() {
      const provider = new LegacyServiceProvider(hallpass, { cert: certificateBase64(pem) });
      const visitor = new BrowserSession(hallpass);
      const answer = postedResponse(await visitor.signIn((await provider.begin()).url, user));
      const { profile } = await provider.consume(answer.fields);
      return { visitor, provider, kept: { hallpass, nameId: profile[NAME_ID], sessionIndex: profile.sessionIndex } };
    }

    const stillIn = async ({ visitor, provider }) => !isSignInPage(await visitor.openFollowingRedirects((await provider.begin()).url));

    /** Asserts that the session does not end, and that a page of ours says so. */
    async function expectRefusal(session, url) {
      const page = await session.visitor.openFollowingRedirects(url);
      assert.equal(page.leads, undefined, 'no redirect to the sender');
      assert.ok(page.status >= 400, `${page.status}`);
      assert.match(page.html, /Code for your administrator/);
      assert.ok(await stillIn(session), 'the session goes on');
    }

    it('before its metadata is known, refuses signed requests, and app show says so', async () => {
      const session = await signedIn();
      await expectRefusal(session, logoutRequest({ ...session.kept, key: partner.key }).url);
      assert.match(await hallpass.cli('app', 'show', legacy.slug), /logout requests are refused.*--metadata FILE/);
    });

    describe('with Auth0\'s metadata registered', () => {
      before(async () => {
        const template = await readFile(new URL('fixtures/auth0-metadata.xml', import.meta.url), 'utf8');
        const file = path.join(hallpass.directory, 'metadata.xml');
        await writeFile(file, template.replace('SIGNING', certificateBase64(partner.cert)).replace('ENCRYPTION', certificateBase64(other.cert)));
        await hallpass.cli('app', 'edit', legacy.slug, '--metadata', file);
        const shown = JSON.parse(await hallpass.cli('app', 'show', legacy.slug, '--json'));
        assert.equal(shown.slo, legacy.logout);
        assert.equal(shown.certificates.length, 1, 'the key for encryption is none for signatures');
        assert.ok(!shown.findings.some((text) => text.includes('logout requests')));
      });

      const end = async (session, more = {}) => {
        const asked = logoutRequest({ ...session.kept, key: partner.key, ...more });
        const page = await session.visitor.openFollowingRedirects(asked.url);
        assert.ok(page.leads, `a redirect to the sender expected, not ${page.status}:\n${page.html}`);
        return { asked, answer: logoutResponse(page.leads, pem) };
      };

      it('ends the session, and says so signed, with RelayState', async () => {
        const session = await signedIn();
        assert.ok(await stillIn(session));
        const relayState = "a~b!c'd(e)f*g é+h/i=j&k";
        const { asked, answer } = await end(session, { relayState });
        assert.deepEqual(answer, {
          root: 'LogoutResponse',
          destination: legacy.logout,
          inResponseTo: asked.id,
          issuer: `${hallpass.origin}/saml/metadata`,
          status: ['Success'],
          relayState,
        });
        assert.ok(!await stillIn(session), 'the next request asks for the password');
        const portal = await session.visitor.openFollowingRedirects('/');
        assert.ok(isSignInPage(portal), 'the portal too');
      });

      it('ends it where no RelayState comes, and returns none', async () => {
        const session = await signedIn();
        const { answer } = await end(session);
        assert.deepEqual([answer.status, answer.relayState], [['Success'], undefined]);
        assert.ok(!await stillIn(session));
      });

      it('ends that session alone, by SessionIndex', async () => {
        const [one, two] = [await signedIn(), await signedIn()];
        assert.notEqual(one.kept.sessionIndex, two.kept.sessionIndex);
        await end(one);
        assert.deepEqual([await stillIn(one), await stillIn(two)], [false, true]);
      });

      it('ends the session that the browser shows where none is named, and no other', async () => {
        const [one, two] = [await signedIn(), await signedIn()];
        await end(one, { sessionIndex: undefined });
        assert.deepEqual([await stillIn(one), await stillIn(two)], [false, true]);
      });

      it('says Success once more where the session has ended before', async () => {
        const session = await signedIn();
        await end(session);
        assert.deepEqual((await end(session)).answer.status[0], 'Success');
      });

      it('ends nothing for another person', async () => {
        const session = await signedIn();
        const { answer } = await end(session, { nameId: 'nobody@fernweh.example' });
        assert.notEqual(answer.status[0], 'Success');
        assert.ok(await stillIn(session));
      });

      it('refuses an unsigned one', async () => {
        const session = await signedIn();
        await expectRefusal(session, logoutRequest(session.kept).url);
      });

      it('refuses one signed by another key', async () => {
        const session = await signedIn();
        await expectRefusal(session, logoutRequest({ ...session.kept, key: other.key }).url);
      });

      it('refuses one whose RelayState was changed after signing', async () => {
        const session = await signedIn();
        const { url } = logoutRequest({ ...session.kept, key: partner.key, relayState: 'mine' });
        await expectRefusal(session, url.replace('RelayState=mine', 'RelayState=yours'));
      });

      it('refuses one of an unknown sender', async () => {
        const session = await signedIn();
        await expectRefusal(session, logoutRequest({ ...session.kept, key: partner.key, issuer: 'urn:auth0:openai:org-OTHER' }).url);
      });

      it('refuses metadata of another connection', async () => {
        const file = path.join(hallpass.directory, 'other.xml');
        const template = await readFile(new URL('fixtures/auth0-metadata.xml', import.meta.url), 'utf8');
        await writeFile(file, template.replaceAll('org-TEST', 'org-OTHER').replace('SIGNING', certificateBase64(other.cert)).replace('ENCRYPTION', certificateBase64(other.cert)));
        assert.match(await hallpass.expectFailure('app', 'edit', legacy.slug, '--metadata', file), /another connection/);
      });
    });

    it('the Sign-out URL opened plainly asks, and ends the session after one click', async () => {
      const session = await signedIn();
      const page = await session.visitor.openFollowingRedirects(hallpass.slo);
      assert.match(page.html, /Sign out\?/);
      assert.ok(await stillIn(session), 'asking ends nothing');
      const csrf = /name="csrf" value="([^"]+)"/.exec(page.html)[1];
      const out = await session.visitor.openFollowingRedirects('/logout', { csrf });
      assert.equal(out.status, 200);
      assert.match(out.html, /Your session here has ended/);
      assert.ok(!await stillIn(session));
    });
  });
}
