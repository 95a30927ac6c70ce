// Headless Chromium without background network traffic; `chromium` is playwright's.

export const openBrowser = (chromium) => chromium.launch({
  executablePath: process.env.HALLPASS_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
