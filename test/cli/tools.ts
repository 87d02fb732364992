import { EventEmitter } from "node:events";
import { watchInterrupts } from "../../cli/interrupts.ts";
import { createIo } from "../../cli/io.ts";
import { nodeHttpFetch } from "../../cli/node-http-fetch.ts";
import type { Tools } from "../../cli/tools.ts";
import { watchUncaughtErrors } from "../../cli/uncaught-errors.ts";
import { JoblibClient } from "../../sdk/client.ts";

const nowhere = { write: () => {} };

/** Tools that print nowhere and reach nobody, for tests that only parse. */
export const tools = (own: Partial<Tools> = {}): Tools => ({
  env: {},
  io: ({ json }) => createIo({ stdout: nowhere, stderr: nowhere, env: {}, json }),
  connect: async () => new JoblibClient({ url: "http://127.0.0.1:9" }),
  fetch: nodeHttpFetch,
  version: "0.1.0",
  interrupts: (names) => watchInterrupts(new EventEmitter(), { signals: names }),
  watchUncaughtErrors: (tell) => watchUncaughtErrors(new EventEmitter(), tell),
  allowOutputLoss: () => {},
  readBytes: async () => new Uint8Array(),
  writeText: async () => {},
  prompts: undefined,
  exit: () => {},
  ...own,
});
