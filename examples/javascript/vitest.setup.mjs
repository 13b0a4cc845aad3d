// One mock for all test files: `inject("mock")` has its URLs.

import { startMock } from "./start_mock.mjs";

export default async function (project) {
  const { stop, ...urls } = await startMock();
  project.provide("mock", urls);
  return stop;
}
