// A mock for the run: `Cypress.env("mock")` is its URL, `Cypress.env("base_url")` an SDK's.

import { startMock } from "./start_mock.mjs";

export default {
  e2e: {
    supportFile: false,
    async setupNodeEvents(on, config) {
      const mock = await startMock();
      on("after:run", mock.stop);
      config.env = { ...config.env, mock: mock.url, base_url: mock.base_url };
      return config;
    },
  },
};
