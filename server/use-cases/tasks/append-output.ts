import { MAX_PART_BYTES, type NewOutput, Problem } from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import { publish } from "../events.ts";
import { validationError } from "../jobs/schema-checks.ts";
import { tooManyChanges } from "./find-task.ts";

/**
 * Maximum number of times that an append is tried while other requests append to the same output.
 */
const MAX_TRIES = 5;
/** Size that is counted for each append in addition to its parts, because it is stored as a row. */
const ROW_BYTES = 64;

/** Parts to append to the output of an attempt. */
interface AppendInput {
  readonly taskId: string;
  readonly attempt: number;
  readonly workerId?: string;
  readonly output: NewOutput;
}

/**
 * Appends parts to the output of a running task. Parts that are stored already are skipped, so an
 * append can be repeated. Returns false if this attempt of the task is not running. Throws a 409 if
 * earlier parts are missing, a 413 if the output becomes too large, a 422 if a part is too large,
 * and a 429 if the caller's workers store too much output per second.
 */
export async function appendOutput(
  context: Context,
  { actor }: Caller,
  { output, ...attempt }: AppendInput,
): Promise<boolean> {
  const { storage, outputRate, settings } = context;
  const maxBytes = settings.task_output_max_bytes;
  let number = output.number;
  let texts = output.parts.map(toText);
  outputRate.count(actor.id, getBytes(texts));
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const bytes = getBytes(texts);
    const before = await storage.taskOutputs.append({
      ...attempt,
      ...{ number, bytes, maxBytes, count: texts.length, json: `[${texts.join(",")}]` },
    });
    if (before === undefined) return false;
    const { isStored, next } = before;
    if (isStored || next >= number + texts.length) {
      // Publishes the event even for a repeated append, because the first event may have been lost
      // together with the response.
      publish(context, [{ kind: "task-output", taskId: attempt.taskId.toLowerCase() }]);
      return true;
    }
    if (number > next) throw createGapProblem(number, next);
    texts = texts.slice(next - number);
    number = next;
    if (before.bytes + getBytes(texts) > maxBytes) throw createSizeProblem(maxBytes);
  }
  throw tooManyChanges("task");
}

function toText(part: NewOutput["parts"][number], index: number): string {
  const text = JSON.stringify(part);
  if (text.length * 3 <= MAX_PART_BYTES || Buffer.byteLength(text) <= MAX_PART_BYTES) return text;
  const detail = `must be at most ${MAX_PART_BYTES} bytes of JSON`;
  throw validationError("A part of the output is too large.", [
    { pointer: `/output/parts/${index}`, detail },
  ]);
}

function getBytes(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, ROW_BYTES);
}

function createGapProblem(number: number, next: number): Problem {
  const missing = number - 1 === next ? `Part ${next} is` : `Parts ${next} to ${number - 1} are`;
  return new Problem("output-gap", `${missing} missing. Send the parts from number ${next}.`);
}

function createSizeProblem(maxBytes: number): Problem {
  const detail = `The output of an attempt is limited to ${maxBytes} bytes (setting JOBLIB_TASK_OUTPUT_MAX_BYTES).`;
  return new Problem("output-too-large", detail);
}
