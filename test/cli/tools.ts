import { EventEmitter } from "node:events";
import { createIo } from "../../cli/io/output.ts";
import type { Tools } from "../../cli/tools.ts";
import { watchInterrupts } from "../../cli/worker/interrupts.ts";
import { watchUncaughtErrors } from "../../cli/worker/uncaught-errors.ts";
import { JoblibClient } from "../../sdk/http/client.ts";

const silentStream = { write: () => {} };

/** Creates tools without output and network, for tests that only parse command lines. */
export const createTools = (overrides: Partial<Tools> = {}): Tools => ({
  env: {},
  io: ({ json }) => createIo({ stdout: silentStream, stderr: silentStream, env: {}, json }),
  connect: async () => new JoblibClient({ url: "http://127.0.0.1:9" }),
  version: "0.1.0",
  interrupts: (names) => watchInterrupts(new EventEmitter(), { signals: names }),
  watchUncaughtErrors: (listener) => watchUncaughtErrors(new EventEmitter(), listener),
  allowOutputLoss: () => {},
  readBytes: async () => new Uint8Array(),
  writeText: async () => {},
  writeContent: async () => {},
  prompts: undefined,
  exit: () => {},
  ...overrides,
});
