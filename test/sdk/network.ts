import { setupServer } from "msw/node";
import { onTestFinished } from "vitest";
import { JoblibClient } from "../../sdk/client.ts";
import type { ClientOptions } from "../../sdk/client-options.ts";
import { JobManager } from "../../sdk/job-manager.ts";
import type { JobManagerOptions } from "../../sdk/job-manager-options.ts";
import type { Logger } from "../../sdk/logger.ts";
import { createFakeServer, type FakeServerOptions } from "../../sdk/testing/fake-server.ts";
import { type Fakes, joblibHandlers } from "../../sdk/testing/handlers.ts";

export const URL = "http://joblib.test";

/** Quick enough that a test of a retry is not a test of patience. */
export const QUICK = { baseSeconds: 0.001, maxSeconds: 0.002 };

/** Options that reach the fakes: msw sees the global fetch, and not undici's own. */
export const options = { url: URL, fetch: globalThis.fetch, retry: QUICK } satisfies ClientOptions;

/** A stateful fake on the network until the test is over; `with` puts other fakes before its own. */
export const startFake = (fakeOptions: FakeServerOptions = {}) => {
  const fake = createFakeServer({ url: URL, ...fakeOptions });
  const network = setupServer(...fake.handlers);
  network.listen({ onUnhandledFrame: "error" });
  // The fetch that msw has put in place; the one from before the test would go to the network.
  const fetch: typeof globalThis.fetch = (...args) => globalThis.fetch(...args);
  const managers: AsyncDisposable[] = [];
  onTestFinished(async () => {
    await Promise.all(managers.map((jobs) => jobs[Symbol.asyncDispose]()));
    network.close();
  });
  return {
    fake,
    client: new JoblibClient({ ...options, fetch }),
    instead: (fakes: Fakes) => network.use(...joblibHandlers(fakes, { url: URL })),
    manager: <Context = unknown>(extra: JobManagerOptions = {}, context?: Context) => {
      const jobs = new JobManager<Context>({ ...options, fetch, room: "lab", ...extra }, context);
      managers.push(jobs);
      return jobs;
    },
  };
};

/** A logger that remembers. */
export const listeningLogger = () => {
  const lines: string[] = [];
  const log = (_: object, message: string) => void lines.push(message);
  const logger: Logger = { debug: log, info: log, warn: log, error: log };
  return { lines, logger };
};
