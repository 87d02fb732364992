import { type HttpHandler, HttpResponse, http } from "msw";
import {
  formatOutputPosition,
  isTerminal,
  type OutputPage,
  type OutputPosition,
  OutputQuery,
  Problem,
  parseOutputPosition,
  parseWait,
  type StreamEvent,
  streams,
} from "../../protocol/index.ts";
import type { FakeState } from "./fake-state.ts";
import type { FakeTask } from "./fake-tasks.ts";
import { toProblemResponse, validate } from "./handlers.ts";

/** Default duration of a stream, as on the server. */
const MAX_STREAM_SECONDS = 900;

type OutputEvent = StreamEvent<"followOutput">;
interface OutputOffset extends OutputPosition {
  readonly attempt: number;
}

interface FollowInput {
  readonly taskId: string;
  readonly from: string | undefined;
  readonly lastEventId: string | undefined;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** Returns the parts of a task from a position, by default from the start of the current attempt. */
export function readOutput(task: FakeTask, from: string | undefined): OutputPage {
  const offset = toOffset(task, from);
  const parts = readParts(task, offset);
  const next = { ...offset, number: offset.number + parts.length };
  return { ...offset, parts, next: formatOutputPosition(next) };
}

/** Creates the handler of the event stream of an output. */
export function createOutputStreamHandler(state: FakeState, url: string): HttpHandler {
  return http.get(url + streams.followOutput.path, ({ request, params }) => {
    try {
      return startStream(state, request, String(params["task_id"]));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return toProblemResponse(error);
    }
  });
}

function startStream(state: FakeState, { url, headers, signal }: Request, taskId: string): Response {
  const { from } = validate(OutputQuery, Object.fromEntries(new URL(url).searchParams));
  state.task(taskId);
  const wait = parseWait(headers.get("prefer") ?? undefined) ?? MAX_STREAM_SECONDS;
  const seconds = Math.min(wait, MAX_STREAM_SECONDS);
  const closed = new AbortController();
  const events = followOutput(state, {
    taskId,
    from,
    lastEventId: headers.get("last-event-id") ?? undefined,
    seconds,
    signal: AbortSignal.any([signal, closed.signal, AbortSignal.timeout(seconds * 1000)]),
  });
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await events.next();
      if (next.done === true) return controller.close();
      const { event, id, data } = next.value;
      controller.enqueue(encoder.encode(`event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`));
    },
    cancel() {
      closed.abort();
    },
  });
  return new HttpResponse(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
}

/** Yields the events of an output until the task ends or the signal is aborted. */
async function* followOutput(
  state: FakeState,
  { taskId, from, lastEventId, seconds, signal }: FollowInput,
): AsyncGenerator<OutputEvent, void, undefined> {
  const task = state.task(taskId);
  const continued = parseOutputPosition(lastEventId ?? "")?.attempt === undefined ? undefined : lastEventId;
  let offset = toOffset(task, continued ?? from);
  if (formatOutputPosition(offset) !== continued) yield createAttemptEvent(offset);
  for (;;) {
    const start = offset;
    const events = await state.waitFor(() => readEvents(task, start), seconds, signal);
    if (events === undefined) return;
    for (const event of events) {
      offset = toOffset(task, event.id);
      yield event;
      if (event.event === "end") return;
    }
  }
}

/** Returns the events after a position; undefined if there are none yet. */
function readEvents(task: FakeTask, start: OutputOffset): OutputEvent[] | undefined {
  const { attempt, status } = task.wire;
  const events: OutputEvent[] = [];
  let offset = start;
  const addParts = () => {
    const parts = readParts(task, offset);
    if (parts.length === 0) return;
    const data = { ...offset, parts };
    offset = { ...offset, number: offset.number + parts.length };
    events.push({ event: "parts", id: formatOutputPosition(offset), data });
  };
  addParts();
  if (attempt > offset.attempt) {
    offset = { attempt, number: 0 };
    events.push(createAttemptEvent(offset));
    addParts();
  }
  if (isTerminal(status)) {
    const data = { attempt: offset.attempt, status, count: offset.number };
    events.push({ event: "end", id: formatOutputPosition(offset), data });
  }
  return events.length === 0 ? undefined : events;
}

function createAttemptEvent(offset: OutputOffset): OutputEvent {
  return { event: "attempt", id: formatOutputPosition(offset), data: { attempt: offset.attempt } };
}

function readParts({ outputs }: FakeTask, { attempt, number }: OutputOffset) {
  return (outputs.get(attempt) ?? []).slice(number);
}

/** Returns a position in the current attempt if the requested attempt is missing or in the future. */
function toOffset({ wire }: FakeTask, from: string | undefined): OutputOffset {
  const { attempt = wire.attempt, number } = parseOutputPosition(from ?? "0") ?? { number: 0 };
  return attempt > wire.attempt ? { attempt: wire.attempt, number: 0 } : { attempt, number };
}
