// Sends a user through a service provider and Hallpass, in a browser without a window.

import assert from 'node:assert/strict';
import { user } from './participants.js';
import { BrowserSession, formOf, isSignInPage, postedResponse } from './visitor.js';

/**
 * Opens the service provider's sign-in page or another address, signs in if Hallpass asks, and returns to the service
 * provider. Returns the browser session, the posted XML and the last page.
 */
export async function attemptSignIn(provider, { visitor = new BrowserSession(provider.hallpass, provider.origin), address = provider.login, query = '', change } = {}) {
  const { hallpass } = provider;
  let page = await visitor.openFollowingRedirects(address + query);
  // A request by HTTP-POST.
  if (page.origin === provider.origin && page.html.includes('SAMLRequest')) page = await visitor.submitForm(page);
  assert.equal(page.origin, hallpass.origin, `a page of Hallpass expected:\n${page.html}`);
  if (isSignInPage(page)) {
    const form = formOf(page.html);
    page = await visitor.openFollowingRedirects(form.action, { ...form.fields, email: user.email, password: user.password });
  }
  assert.ok(page.html.includes('SAMLResponse'), `a response expected:\n${page.html}`);
  const { xml } = postedResponse(page);
  const landed = await visitor.submitForm(page, change && ((fields) => changed(fields, change)));
  return { visitor, xml, landed };
}

function changed(fields, change) {
  const xml = Buffer.from(fields.SAMLResponse, 'base64').toString();
  const other = change(xml);
  assert.notEqual(other, xml, 'the change took');
  return { ...fields, SAMLResponse: Buffer.from(other).toString('base64') };
}

/** The same; asserts that the service provider accepts the response. */
export async function expectSignIn(provider, options) {
  const { visitor, xml, landed } = await attemptSignIn(provider, options);
  assert.equal(landed.status, 200, landed.html);
  assert.match(landed.html, /Signed in/);
  return { visitor, xml, who: await provider.who(visitor) };
}

/**
 * The same; asserts that the service provider refuses the response, although its status is Success (unless `success` is
 * false), and says `words`.
 */
export async function expectRefusal(provider, { success = true, ...options }, words) {
  const { visitor, xml, landed } = await attemptSignIn(provider, options);
  assert.equal(xml.includes('status:Success'), success, xml);
  assert.ok(landed.status >= 400, `${landed.status}: ${landed.html}`);
  assert.equal(await provider.who(visitor), null, 'nobody is signed in there');
  if (words) assert.match(landed.html, words);
}

/** Whether Hallpass finds a session in this browser. */
export async function hasSession(visitor) {
  return !isSignInPage(await visitor.openFollowingRedirects('/'));
}
