export default { test: { globalSetup: ["./vitest.setup.mjs"], include: ["*.test.mjs"] } };
