// The participants: one user whose names contain markup, quotes and letters beyond ASCII, and two ChatGPT workspaces.

export const user = {
  email: 'mira.castellane@fernweh.example',
  given: 'Miré "Mi" <b>',
  family: "O'Castellane & Söhne",
  password: 'correct horse battery staple',
};

export const legacy = {
  slug: 'chatgpt',
  acs: 'https://auth0.openai.com/login/callback?connection=org-TEST',
  audience: 'urn:auth0:openai:org-TEST',
  logout: 'https://auth0.openai.com/logout',
};

export const current = {
  slug: 'chatgpt-2',
  acs: 'https://external.auth.openai.com/sso/saml/acs/ATZB94xJKf9FsbARIruJxTv5f',
  audience: 'ATZB94xJKf9FsbARIruJxTv5f',
};

/** Registers the user and both workspaces as the guide says. */
export async function registerAll(hallpass) {
  await hallpass.addUser(user);
  await hallpass.cli('app', 'add', 'chatgpt', '--acs', legacy.acs, '--audience', legacy.audience, '--access', 'everyone');
  await hallpass.cli('app', 'add', 'chatgpt', '--acs', current.acs, '--audience', current.audience, '--name', 'ChatGPT, new', '--slug', current.slug, '--access', 'everyone');
}
