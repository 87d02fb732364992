import { setupServer } from "msw/node";
import { onTestFinished } from "vitest";
import { JoblibClient } from "../../sdk/http/client.ts";
import type { ClientOptions } from "../../sdk/http/options.ts";
import { JobManager, type JobManagerOptions } from "../../sdk/job-manager.ts";
import type { Logger } from "../../sdk/logger.ts";
import { createFakeServer, type FakeServerOptions } from "../../sdk/testing/fake-server.ts";
import { type Fakes, joblibHandlers } from "../../sdk/testing/handlers.ts";

export const URL = "http://joblib.test";

/** Retry delays of at most 2 ms, so that tests of retries are fast. */
export const SHORT_RETRY_DELAYS = { baseSeconds: 0.001, maxSeconds: 0.002 };

/**
 * Client options with which requests reach the fake server. The fake server uses msw, which
 * intercepts the global `fetch`, but not undici's `fetch`.
 */
export const CLIENT_OPTIONS = {
  url: URL,
  fetch: globalThis.fetch,
  retry: SHORT_RETRY_DELAYS,
} satisfies ClientOptions;

/** Starts a fake server until the test ends. `override` replaces some of its operations. */
export const startFake = (fakeOptions: FakeServerOptions = {}) => {
  const fake = createFakeServer({ url: URL, ...fakeOptions });
  const network = setupServer(...fake.handlers);
  network.listen({ onUnhandledFrame: "error" });
  // Reads the global `fetch` at each call, because msw replaces it during a test.
  const fetch: typeof globalThis.fetch = (...args) => globalThis.fetch(...args);
  const managers: AsyncDisposable[] = [];
  onTestFinished(async () => {
    await Promise.all(managers.map((jobs) => jobs[Symbol.asyncDispose]()));
    network.close();
  });
  return {
    fake,
    client: new JoblibClient({ ...CLIENT_OPTIONS, fetch }),
    override: (fakes: Fakes) => network.use(...joblibHandlers(fakes, { url: URL })),
    createManager: <Context = unknown>(extra: JobManagerOptions = {}, context?: Context) => {
      const jobs = new JobManager<Context>({ ...CLIENT_OPTIONS, fetch, room: "lab", ...extra }, context);
      managers.push(jobs);
      return jobs;
    },
  };
};

/** Creates a logger that records its messages. */
export const createRecordingLogger = () => {
  const lines: string[] = [];
  const log = (_: object, message: string) => void lines.push(message);
  const logger: Logger = { debug: log, info: log, warn: log, error: log };
  return { lines, logger };
};
