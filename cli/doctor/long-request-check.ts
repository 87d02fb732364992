import { fillPath } from "../../protocol/operation.ts";
import { parseWait } from "../../protocol/prefer.ts";
import { streams } from "../../protocol/streams.ts";
import { MAX_LONG_POLL_SECONDS } from "../../sdk/http/request.ts";
import { getMessage } from "../io/errors.ts";
import {
  type CheckContext,
  type CheckResult,
  reportFailure,
  reportOk,
  reportWarning,
} from "./check-result.ts";

const formatSeconds = (milliseconds: number) => `${Math.round(milliseconds / 100) / 10} s`;
/**
 * A response may arrive this much before the end of the requested duration, because the clocks of
 * the server and this machine differ slightly.
 */
const TOLERANCE_MS = 500;
/** A response is considered buffered if its first byte arrives within this time before its end. */
const BUFFERED_MS = 100;
/** Time to wait for a response after the requested duration. */
const GRACE_SECONDS = 15;

const RAISE_TIMEOUT =
  "a proxy closes idle connections; raise its read timeout (nginx: proxy_read_timeout 90s)";

/**
 * Reports a connection that was closed too early. This is only a warning if the connection was open
 * for longer than the long polls of workers.
 */
function reportClosed(check: string, elapsed: number, reason: string): CheckResult {
  const detail = `closed after ${formatSeconds(elapsed)}: ${reason}`;
  if (elapsed / 1000 <= MAX_LONG_POLL_SECONDS) return reportFailure(check, detail, RAISE_TIMEOUT);
  return reportWarning(
    check,
    detail,
    `${RAISE_TIMEOUT}; workers are not affected, because they wait at most ${MAX_LONG_POLL_SECONDS} s`,
  );
}

const hasStayedOpen = (elapsed: number, seconds: number): boolean => elapsed + TOLERANCE_MS >= seconds * 1000;

/**
 * Returns true if a proxy buffered the response. The server sends the first bytes immediately, but
 * a buffering proxy forwards them only at the end.
 */
function isBuffered(firstByteAfter: number, elapsed: number): boolean {
  return firstByteAfter + BUFFERED_MS > elapsed;
}

function reportOpen(check: string, elapsed: number): CheckResult {
  return reportOk(check, `stayed open for ${formatSeconds(elapsed)}`);
}

/**
 * Checks how long a long poll can stay open. Creates a temporary worker and sends a heartbeat with
 * `Prefer: wait`. The worker has no tasks, so the server keeps the request open for the whole time.
 */
export async function checkLongPoll({ client, signal }: CheckContext, seconds: number): Promise<CheckResult> {
  const check = "long poll";
  const options = { signal, retry: false } as const;
  const { id } = await client.workers.create({ name: "joblib doctor" }, options);
  const startedAt = performance.now();
  try {
    const { headers } = await client.call(
      "heartbeat",
      { params: { worker_id: id }, body: { tasks: [] } },
      { ...options, wait: seconds, timeoutSeconds: GRACE_SECONDS },
    );
    const elapsed = performance.now() - startedAt;
    const applied = parseWait(headers["preference-applied"]);
    if (hasStayedOpen(elapsed, applied ?? seconds)) return reportOpen(check, elapsed);
    return applied === undefined
      ? reportWarning(
          check,
          `the server answered after ${formatSeconds(elapsed)} without waiting`,
          "a proxy removes the Prefer header; configure it to forward the header",
        )
      : reportWarning(
          check,
          `the server answered after ${formatSeconds(elapsed)} instead of ${applied} s`,
          "the server is shutting down, or a proxy answers instead; run the check again",
        );
  } catch (error) {
    signal.throwIfAborted();
    return reportClosed(check, performance.now() - startedAt, getMessage(error));
  } finally {
    await client.workers.remove(id, { retry: false }).catch(() => {});
  }
}

/** Checks how long an event stream can stay open, and that no proxy buffers it. */
export async function checkEventStream(
  { client, token, signal }: CheckContext,
  room_id: string,
  seconds: number,
): Promise<CheckResult> {
  const check = "event stream";
  const timeout = AbortSignal.timeout((seconds + GRACE_SECONDS) * 1000);
  const startedAt = performance.now();
  let firstByteAfter: number | undefined;
  try {
    const response = await fetch(client.url + fillPath(streams.followRoom.path, { room_id }), {
      method: "GET",
      redirect: "manual",
      signal: AbortSignal.any([signal, timeout]),
      headers: {
        accept: "text/event-stream",
        prefer: `wait=${seconds}`,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
    });
    if (response.status !== 200) {
      return reportFailure(
        check,
        `the server answered ${response.status}`,
        "pass a room that the token can read with --room",
      );
    }
    for await (const _ of response.body ?? []) firstByteAfter ??= performance.now() - startedAt;
    const elapsed = performance.now() - startedAt;
    if (
      firstByteAfter === undefined ||
      (hasStayedOpen(elapsed, seconds) && isBuffered(firstByteAfter, elapsed))
    ) {
      return reportFailure(
        check,
        "no data arrived before the stream ended",
        "a proxy buffers the response; disable buffering (nginx: proxy_buffering off)",
      );
    }
    return hasStayedOpen(elapsed, seconds)
      ? reportOpen(check, elapsed)
      : reportClosed(check, elapsed, "the response ended before the end of the check");
  } catch (error) {
    signal.throwIfAborted();
    // If `fetch` fails, it throws a TypeError whose message is always the same. The reason is in
    // the cause.
    const cause = error instanceof TypeError ? (error.cause ?? error) : error;
    const reason = timeout.aborted ? "the response did not end" : getMessage(cause);
    return reportClosed(check, performance.now() - startedAt, reason);
  }
}
