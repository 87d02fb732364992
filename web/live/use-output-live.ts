import { useReducer } from "react";
import { isTerminal, type JsonValue, type StreamEvent, type Task } from "../../protocol/index.ts";
import { useStream } from "./use-stream.ts";

/** Maximum number of characters that the page shows. The API returns the whole output. */
export const MAX_CHARACTERS = 200_000;

/** A piece of the output as the page shows it: consecutive text parts, joined, or another value. */
export type OutputSegment =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "value"; readonly text: string };

/** The output of the current attempt of a task. */
export interface LiveOutput {
  readonly taskId: string | undefined;
  readonly attempt: number;
  readonly segments: readonly OutputSegment[];
  readonly characters: number;
  /** True if the beginning of the output is not shown, because the output is too long. */
  readonly isCut: boolean;
  /** The attempt whose output is complete. */
  readonly endedAttempt: number | undefined;
}

const EMPTY: LiveOutput = {
  ...{ taskId: undefined, attempt: 0, segments: [], characters: 0, isCut: false, endedAttempt: undefined },
};

function addPart(segments: OutputSegment[], part: JsonValue): number {
  if (typeof part !== "string") {
    const text = JSON.stringify(part);
    segments.push({ kind: "value", text });
    return text.length;
  }
  const last = segments.at(-1);
  if (last?.kind === "text") segments[segments.length - 1] = { kind: "text", text: last.text + part };
  else segments.push({ kind: "text", text: part });
  return part.length;
}

/** Removes the beginning of the output if it is too long. */
function removeExcess(output: LiveOutput): LiveOutput {
  let excess = output.characters - MAX_CHARACTERS;
  if (excess <= 0) return output;
  const segments = [...output.segments];
  while (excess > 0) {
    const [first] = segments;
    if (first === undefined) break;
    if (first.kind === "text" && first.text.length > excess)
      segments[0] = { kind: "text", text: first.text.slice(excess) };
    else segments.shift();
    excess -= first.text.length;
  }
  const characters = segments.reduce((sum, { text }) => sum + text.length, 0);
  return { ...output, segments, characters, isCut: true };
}

interface Received {
  readonly taskId: string;
  readonly message: StreamEvent<"followOutput">;
}

function receive(before: LiveOutput, { taskId, message: { event, data } }: Received): LiveOutput {
  const output = before.taskId === taskId ? before : { ...EMPTY, taskId };
  if (event === "attempt") return { ...EMPTY, taskId, attempt: data.attempt };
  if (event === "end") return { ...output, endedAttempt: data.attempt };
  const segments = [...output.segments];
  const added = data.parts.reduce((sum: number, part) => sum + addPart(segments, part), 0);
  return removeExcess({ ...output, segments, characters: output.characters + added });
}

/** Returns the output of a task, which grows while the task runs. */
export const useOutputLive = (task: Pick<Task, "id" | "status" | "attempt"> | undefined): LiveOutput => {
  const [output, add] = useReducer(receive, EMPTY);
  const isOwn = output.taskId === task?.id;
  const isComplete =
    isOwn && task !== undefined && isTerminal(task.status) && output.endedAttempt === task.attempt;
  useStream("followOutput", isComplete ? undefined : task?.id, (message) => {
    if (task !== undefined) add({ taskId: task.id, message });
  });
  return isOwn ? output : EMPTY;
};
