// A mock for the tests of a JavaScript project: on a free port, until it is stopped.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Start `troth mock` with *options*; its `url`, its `base_url`, and `stop`. */
export async function startMock(...options) {
  const command = process.env.TROTH ?? "troth";
  const running = spawn(command, ["mock", "--port", "0", "--json", ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve, reject) => {
    running.once("exit", resolve);
    running.once("error", reject);
  });
  const said = createInterface({ input: running.stdout })[Symbol.asyncIterator]().next();
  const first = await Promise.race([said, ended.then((code) => ({ done: true, code }))]);
  if (first.done) throw new Error(`${command} mock ended before it served`);
  const { url, base_url } = JSON.parse(first.value);
  const stop = async () => {
    running.kill("SIGTERM");
    await ended;
  };
  return { url, base_url, stop };
}
