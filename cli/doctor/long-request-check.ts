import { fillPath } from "../../protocol/operation.ts";
import { parseWait } from "../../protocol/prefer.ts";
import { streams } from "../../protocol/streams.ts";
import { MAX_LONG_POLL_SECONDS } from "../../sdk/options.ts";
import {
  type CheckResult,
  getMessage,
  type Probe,
  reportFailure,
  reportOk,
  reportWarning,
} from "./check-result.ts";

const formatSeconds = (milliseconds: number) => `${Math.round(milliseconds / 100) / 10} s`;
/** How much earlier than agreed a response may come: the server waits by its own clock. */
const TOLERANCE_MS = 500;
/** First bytes that come so shortly before the end came together with it. */
const BUFFERED_MS = 100;
/** How long after the agreed time a response is given up. */
const GRACE_SECONDS = 15;

const RAISE_TIMEOUT =
  "a proxy closes idle connections: raise its read timeout (nginx: proxy_read_timeout 90s)";

/** Reports a connection that was closed early: only a warning if it outlives the waits of workers. */
const reportClosed = (check: string, elapsed: number, reason: string): CheckResult => {
  const detail = `closed after ${formatSeconds(elapsed)}: ${reason}`;
  if (elapsed / 1000 <= MAX_LONG_POLL_SECONDS) return reportFailure(check, detail, RAISE_TIMEOUT);
  return reportWarning(
    check,
    detail,
    `workers wait for at most ${MAX_LONG_POLL_SECONDS} s and are not affected; ${RAISE_TIMEOUT}`,
  );
};

const hasStayedOpen = (elapsed: number, seconds: number): boolean => elapsed + TOLERANCE_MS >= seconds * 1000;

/** The server sends the first bytes at once; a proxy that buffers hands them on together with the end. */
const isBuffered = (firstByteAfter: number, elapsed: number): boolean =>
  firstByteAfter + BUFFERED_MS > elapsed;

const reportOpen = (check: string, elapsed: number): CheckResult =>
  reportOk(check, `stayed open for ${formatSeconds(elapsed)}`);

/** Checks how long a long poll stays open, with the heartbeat of a worker that is created for it and removed again. */
export const checkLongPoll = async ({ client, signal }: Probe, seconds: number): Promise<CheckResult> => {
  const check = "long poll";
  const options = { signal, retry: false } as const;
  const { body: worker } = await client.call("createWorker", { body: { name: "joblib doctor" } }, options);
  const params = { worker_id: worker.id };
  const began = performance.now();
  try {
    const { headers } = await client.call(
      "heartbeat",
      { params, body: { tasks: [] } },
      { ...options, wait: seconds, timeoutSeconds: GRACE_SECONDS },
    );
    const elapsed = performance.now() - began;
    const applied = parseWait(headers["preference-applied"]);
    if (hasStayedOpen(elapsed, applied ?? seconds)) return reportOpen(check, elapsed);
    return applied === undefined
      ? reportWarning(
          check,
          `answered after ${formatSeconds(elapsed)}, without waiting`,
          "a proxy removes the Prefer header: let it through",
        )
      : reportWarning(
          check,
          `answered after ${formatSeconds(elapsed)} instead of ${applied} s`,
          "the server is shutting down, or a proxy answers in its place: run the check again",
        );
  } catch (error) {
    signal.throwIfAborted();
    return reportClosed(check, performance.now() - began, getMessage(error));
  } finally {
    await client.call("removeWorker", { params }, { retry: false }).catch(() => {});
  }
};

/** Checks how long an event stream stays open, and that events are not buffered on their way. */
export const checkEventStream = async (
  { client, fetch, token, signal }: Probe,
  room_id: string,
  seconds: number,
): Promise<CheckResult> => {
  const check = "event stream";
  const timeout = AbortSignal.timeout((seconds + GRACE_SECONDS) * 1000);
  const began = performance.now();
  let firstByteAfter: number | undefined;
  try {
    const answer = await fetch(client.url + fillPath(streams.followRoom.path, { room_id }), {
      method: "GET",
      redirect: "manual",
      signal: AbortSignal.any([signal, timeout]),
      headers: {
        accept: "text/event-stream",
        prefer: `wait=${seconds}`,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
    });
    if (answer.status !== 200) {
      return reportFailure(
        check,
        `the server answered ${answer.status}`,
        "name a room that the token may read with --room",
      );
    }
    for await (const _ of answer.body ?? []) firstByteAfter ??= performance.now() - began;
    const elapsed = performance.now() - began;
    if (
      firstByteAfter === undefined ||
      (hasStayedOpen(elapsed, seconds) && isBuffered(firstByteAfter, elapsed))
    ) {
      return reportFailure(
        check,
        "nothing arrived until the stream ended",
        "a proxy buffers the response: turn that off (nginx: proxy_buffering off)",
      );
    }
    return hasStayedOpen(elapsed, seconds)
      ? reportOpen(check, elapsed)
      : reportClosed(check, elapsed, "the response ended early");
  } catch (error) {
    signal.throwIfAborted();
    const reason = timeout.aborted ? "the response did not end" : getMessage(error);
    return reportClosed(check, performance.now() - began, reason);
  }
};
