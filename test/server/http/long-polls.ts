import { beforeEach, vi } from "vitest";
import { WakeSignal } from "../../../server/state/long-poll.ts";
import { WaitingClaim } from "../../../server/state/waiting-claim.ts";
import { eventually } from "../../support/eventually.ts";

/**
 * Maximum duration of a long poll, in seconds. It is longer than the time limit of a test, so if a
 * long poll ends during a test, an event has ended it.
 */
export const LONG_WAIT_SECONDS = 600;

/**
 * Settings that allow long polls of `LONG_WAIT_SECONDS`. The worker timeout is so long that no
 * worker is declared dead while a test waits.
 */
export const LONG_WAIT_SETTINGS = {
  long_poll_max_wait_seconds: LONG_WAIT_SECONDS,
  worker_timeout_seconds: 4 * LONG_WAIT_SECONDS,
};

/**
 * A value for mocks of `getPollInterval` that turns polling off. It is the longest delay that a
 * timer supports, in milliseconds.
 */
export const NEVER_MS = 2 ** 31 - 1;

/** A spy on `WakeSignal.wait`, which a long poll calls each time it starts to wait. */
export const waits = vi.spyOn(WakeSignal.prototype, "wait");

/**
 * Resolves once a claim of the worker has found no task and waits for an event. The worker's
 * heartbeat cannot show this, because the server stores it before the claim waits.
 */
export const waitForWaitingClaim = (worker: string) =>
  eventually(
    () =>
      waits.mock.contexts.some(
        (signal) => signal instanceof WaitingClaim && signal.workerId === worker && signal.isAvailable,
      ),
    Boolean,
    { what: `a waiting claim of ${worker}` },
  );

/** Sends a request, and resolves once the request waits on the server. */
export const openLongPoll = async <Response>(send: () => Promise<Response>) => {
  const before = waits.mock.calls.length;
  const response = send();
  await eventually(() => waits.mock.calls.length > before, Boolean, { what: "a long poll" });
  return { response };
};

/**
 * Returns a function that resolves once the server has searched for due tasks. The server searches
 * 20 ms after the first claim of a job has started to wait. It then schedules the next search with
 * the interval that the tests replace by `NEVER_MS`.
 */
export const watchSearches = () => {
  const timers = vi.spyOn(globalThis, "setTimeout");
  beforeEach(() => {
    timers.mockClear();
  });
  return () =>
    eventually(() => timers.mock.calls.some(([, delay = 0]) => delay > NEVER_MS / 2), Boolean, {
      what: "a search for due tasks",
    });
};
