// The app and the mock are started for the run, each on a port of its own, and stopped after it.

const app = Number(process.env.APP_PORT ?? 3000);
const mock = Number(process.env.MOCK_PORT ?? 8000);
const python = process.env.PYTHON ?? "python3";
const troth = process.env.TROTH ?? "troth";

export default {
  testMatch: "*.spec.mjs",
  reporter: "line",
  use: {
    baseURL: `http://127.0.0.1:${app}/?api=http://127.0.0.1:${mock}/v1`,
    // a Chromium that is installed already, in place of the one that Playwright downloads
    launchOptions: process.env.CHROMIUM ? { executablePath: process.env.CHROMIUM } : {},
  },
  webServer: [
    { command: `${troth} mock --port ${mock}`, url: `http://127.0.0.1:${mock}/readyz` },
    {
      command: `${python} -m http.server ${app} --bind 127.0.0.1 --directory ../chat`,
      url: `http://127.0.0.1:${app}`,
    },
  ],
};
