import { fillPath } from "../../protocol/operation.ts";
import { parseWait } from "../../protocol/prefer.ts";
import { streams } from "../../protocol/streams.ts";
import { LONGEST_TURN_SECONDS } from "../../sdk/options.ts";
import { type Finding, failed, fine, type Probe, warning, wordsOf } from "./finding.ts";

const seconds = (milliseconds: number) => `${Math.round(milliseconds / 100) / 10} s`;
/** A held answer may come a little early by the other clock. */
const SLACK_MS = 500;
const LATE_SECONDS = 15;

const PROXY = "a proxy between cuts silent requests: raise its read timeout (nginx: proxy_read_timeout 90s)";

/** A cut beyond what workers ask for costs them nothing. */
const cutAfter = (check: string, elapsed: number, error: unknown): Finding => {
  const detail = `cut after ${seconds(elapsed)}: ${wordsOf(error)}`;
  if (elapsed / 1000 <= LONGEST_TURN_SECONDS) return failed(check, detail, PROXY);
  return warning(
    check,
    detail,
    `workers hold theirs for ${LONGEST_TURN_SECONDS} s and do not meet this; ${PROXY}`,
  );
};

const heldFor = (check: string, elapsed: number, held: number): Finding | undefined => {
  if (elapsed + SLACK_MS < held * 1000) return undefined;
  return fine(check, `held for ${seconds(elapsed)}, nothing between cuts it`);
};

/** How long a request that waits survives: the heartbeat of a worker that is made for this and removed again. */
export const checkLongPoll = async ({ client, signal }: Probe, wait: number): Promise<Finding> => {
  const check = "long poll";
  const options = { signal, retry: false } as const;
  const { body: worker } = await client.call("createWorker", { body: { name: "joblib doctor" } }, options);
  const params = { worker_id: worker.id };
  const began = performance.now();
  try {
    const { headers } = await client.call(
      "heartbeat",
      { params, body: { tasks: [] } },
      { ...options, wait, timeoutSeconds: LATE_SECONDS },
    );
    const elapsed = performance.now() - began;
    const applied = parseWait(headers["preference-applied"]);
    const finding = heldFor(check, elapsed, applied ?? wait);
    if (finding !== undefined) return finding;
    return applied === undefined
      ? warning(
          check,
          `answered after ${seconds(elapsed)}`,
          "the header Prefer does not arrive: a proxy between takes it out",
        )
      : warning(
          check,
          `answered after ${seconds(elapsed)}, not ${applied} s`,
          "the server is closing, or something between answers for it",
        );
  } catch (error) {
    signal.throwIfAborted();
    return cutAfter(check, performance.now() - began, error);
  } finally {
    await client.call("removeWorker", { params }, { retry: false }).catch(() => {});
  }
};

/** How long a stream of events survives, and whether what it says comes at once. */
export const checkStream = async (
  { client, fetch, token, signal }: Probe,
  room_id: string,
  wait: number,
): Promise<Finding> => {
  const check = "event stream";
  const late = AbortSignal.timeout((wait + LATE_SECONDS) * 1000);
  const began = performance.now();
  let firstAt: number | undefined;
  try {
    const answer = await fetch(client.url + fillPath(streams.followRoom.path, { room_id }), {
      method: "GET",
      redirect: "manual",
      signal: AbortSignal.any([signal, late]),
      headers: {
        accept: "text/event-stream",
        prefer: `wait=${wait}`,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
    });
    if (answer.status !== 200) {
      return failed(check, `answered ${answer.status}`, "read in the room is needed: name one with --room");
    }
    for await (const _ of answer.body ?? []) firstAt ??= performance.now() - began;
    const elapsed = performance.now() - began;
    if (firstAt === undefined || (firstAt > 1000 && firstAt + SLACK_MS > elapsed)) {
      return failed(
        check,
        "nothing arrived before its end",
        "a proxy between buffers it (nginx: proxy_buffering off)",
      );
    }
    return heldFor(check, elapsed, wait) ?? cutAfter(check, elapsed, "it ended early");
  } catch (error) {
    signal.throwIfAborted();
    return cutAfter(check, performance.now() - began, late.aborted ? "it did not end" : error);
  }
};
