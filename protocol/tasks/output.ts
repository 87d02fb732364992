import * as z from "zod";
import { JsonValue } from "../json.ts";
import { API_PATH, operation } from "../operation.ts";
import { TaskStatus } from "./status.ts";
import { TaskParams } from "./task.ts";

export const MAX_PARTS_PER_UPDATE = 1000;
/** Maximum size of a part, in bytes of JSON. */
export const MAX_PART_BYTES = 256 * 1024;

const MAX_NUMBER = 2_147_483_647;

/** A part of a task's output: text, or any other JSON value. */
export const OutputPart = JsonValue;
export type OutputPart = z.infer<typeof OutputPart>;

/**
 * Output parts from a worker. The parts of each attempt are numbered from 0, and a part that is
 * sent twice is stored only once.
 */
export const NewOutput = z.object({
  number: z.int().min(0).max(MAX_NUMBER).describe("number of the first part"),
  parts: z.array(OutputPart).min(1).max(MAX_PARTS_PER_UPDATE),
});
export type NewOutput = z.infer<typeof NewOutput>;

/** Consecutive parts of the output of one attempt. */
export const OutputParts = z.object({
  attempt: z.int(),
  number: z.int().describe("number of the first part"),
  parts: z.array(OutputPart),
});
export type OutputParts = z.infer<typeof OutputParts>;

export const OutputPage = OutputParts.extend({
  next: z
    .string()
    .describe("`<attempt>.<number>` of the part after the last one; the `from` of the next page"),
});
export type OutputPage = z.infer<typeof OutputPage>;

/** Announces a new attempt of the task, whose output starts again with part 0. */
export const OutputAttempt = z.object({ attempt: z.int() });

/** Announces that the task has ended and that its output is complete. */
export const OutputEnd = z.object({
  attempt: z.int(),
  status: TaskStatus,
  count: z.int().describe("number of parts of the attempt"),
});
export type OutputEnd = z.infer<typeof OutputEnd>;

/**
 * The position of a part in a task's output. If `attempt` is missing, the current attempt is meant.
 */
export interface OutputPosition {
  readonly attempt?: number | undefined;
  readonly number: number;
}

const POSITION = /^(?:\d{1,9}\.)?\d{1,10}$/;

/** Parses the position of a part. Returns undefined if the text is invalid. */
export function parseOutputPosition(text: string): OutputPosition | undefined {
  if (!POSITION.test(text)) return undefined;
  const [number = 0, attempt] = text.split(".").map(Number).toReversed();
  return number > MAX_NUMBER ? undefined : { attempt, number };
}

export function formatOutputPosition({ attempt, number }: OutputPosition): string {
  return attempt === undefined ? String(number) : `${attempt}.${number}`;
}

export const OutputQuery = z.object({
  from: z
    .string()
    .refine((text) => parseOutputPosition(text) !== undefined, {
      error: "must be `<number>` or `<attempt>.<number>`, for example 17 or 2.17",
    })
    .optional()
    .describe(
      "the first part to return: `<number>` of the current attempt, or `<attempt>.<number>`; default: the first part of the current attempt",
    ),
});
export type OutputQuery = z.infer<typeof OutputQuery>;

export const readTaskOutput = operation({
  method: "GET",
  path: `${API_PATH}/tasks/:task_id/output`,
  summary: "Get a page of the parts of a task's output",
  access: "task-read",
  params: TaskParams,
  query: OutputQuery,
  responses: { 200: OutputPage },
  responseDescriptions: { 200: "A page of parts; empty if no further part is stored yet." },
  problems: ["task-not-found"],
});

export const taskOutputOperations = { readTaskOutput } as const;
