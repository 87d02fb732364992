import type { Command } from "commander";
import * as z from "zod";
import { TaskStatus } from "../../protocol/tasks/status.ts";
import { DECIMAL } from "./option-values.ts";

const decimalText = z.string().regex(DECIMAL, { error: "must be a number" }).transform(Number);

export const text = z.string().min(1, { error: "must not be empty" });

export function integer(min: number, max: number) {
  return decimalText.pipe(
    z
      .int({ error: "must be an integer" })
      .min(min, createRangeError(min, max))
      .max(max, createRangeError(min, max)),
  );
}

export function seconds(min: number, max: number) {
  return decimalText.pipe(
    z.number().min(min, createRangeError(min, max)).max(max, createRangeError(min, max)),
  );
}

const createRangeError = (min: number, max: number) => ({ error: `must be between ${min} and ${max}` });

/** `--wait`: true to wait until the task ends, or a maximum number of seconds. */
export const Wait = z.union([z.literal(true), seconds(0, 31_536_000)], {
  error: "must be a number of seconds; omit it to wait until the task ends",
});
export type Wait = z.infer<typeof Wait>;

export const pageOptions = {
  limit: integer(0, 500).default(50),
  offset: integer(0, 1_000_000_000).default(0),
};

/** Adds `--limit` and `--offset` to a command that prints a list. */
export function addPageOptions(command: Command): Command {
  return command
    .option("--limit <n>", "maximum number of items, 0 to 500 (default: 50)")
    .option("--offset <n>", "number of items to skip (default: 0)");
}

/** The options of a command that prints a list. */
export const PageOptions = z.object(pageOptions);
export type PageOptions = z.infer<typeof PageOptions>;

const Status = z.enum(TaskStatus.options, {
  error: `must be one of ${TaskStatus.options.join(", ")}`,
});

/** `--status` of a list: one status, or several that are separated by commas. */
export const Statuses = z
  .string()
  .transform((text) => text.split(",").map((status) => status.trim()))
  .pipe(z.array(Status));

/**
 * An id in a URL path. An empty text, `.` and `..` are rejected, because they would change the
 * path.
 */
export const PathId = z
  .string()
  .regex(/^(?!\.{0,2}$)/, { error: "invalid id" })
  .max(1000, { error: "must be at most 1000 characters" });

/** The options of a command that has an id as its only argument. */
export const IdOptions = z.object({ id: PathId });
export type IdOptions = z.infer<typeof IdOptions>;

const SECONDS_PER_UNIT = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const isUnit = (unit: string): unit is keyof typeof SECONDS_PER_UNIT => Object.hasOwn(SECONDS_PER_UNIT, unit);

/** A duration such as `30d`, `12h`, `15m` or `3600` (seconds). The parsed value is in seconds. */
export const Duration = z
  .string()
  .regex(/^[1-9]\d{0,8}[smhd]?$/, { error: "must be a duration such as 30d, 12h, 15m or 3600 (seconds)" })
  .transform((text) => {
    const unit = text.slice(-1);
    return Number.parseInt(text, 10) * (isUnit(unit) ? SECONDS_PER_UNIT[unit] : 1);
  });
