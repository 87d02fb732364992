import { beforeEach, vi } from "vitest";
import { WakeSignal } from "../../../server/state/long-poll.ts";
import { WaitingClaim } from "../../../server/state/waiting-claim.ts";
import { eventually } from "../../support/eventually.ts";

/**
 * Seconds that a long poll may wait in tests of wake-ups. This is longer than the time limit of a test, so a response means that
 * something woke the long poll before its end.
 */
export const LONG_WAIT_SECONDS = 600;

/**
 * Settings that allow waits of `LONG_WAIT_SECONDS`. The worker timeout is so long that a long poll need not write a
 * heartbeat to keep its worker alive.
 */
export const LONG_WAIT_SETTINGS = {
  long_poll_max_wait_seconds: LONG_WAIT_SECONDS,
  worker_timeout_seconds: 4 * LONG_WAIT_SECONDS,
};

/** Milliseconds for a mock of `getPollInterval` that prevents polling: the longest delay of a timer. */
export const NEVER_MS = 2 ** 31 - 1;

/** Calls of `WakeSignal.wait`: one for each time that a long poll started to wait. */
export const waits = vi.spyOn(WakeSignal.prototype, "wait");

/**
 * Resolves once a claim of the worker found no task and waits to be woken. The worker's heartbeat does not show that, because it
 * is stored before the claim waits.
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

/** Sends a request and resolves once the server waits before it responds. */
export const openLongPoll = async <Response>(send: () => Promise<Response>) => {
  const before = waits.mock.calls.length;
  const response = send();
  await eventually(() => waits.mock.calls.length > before, Boolean, { what: "a long poll" });
  return { response };
};

/**
 * Returns a function that resolves once the server has searched for due tasks. The server does so 20 ms after the first claim of a
 * job starts to wait, and schedules the next search with the interval that the test mocks with `NEVER_MS`.
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
