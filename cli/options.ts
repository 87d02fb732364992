import * as z from "zod";
import { TaskStatus } from "../protocol/task-status.ts";
import { DECIMAL } from "./wait-argument.ts";

const numeral = z.string().regex(DECIMAL, { error: "must be a number" }).transform(Number);

/** A name, a path, an address: anything but nothing. */
export const text = z.string().min(1, { error: "must not be empty" });

/** An integer within bounds. */
export const integer = (min: number, max: number) =>
  numeral.pipe(
    z.int({ error: "must be a whole number" }).min(min, between(min, max)).max(max, between(min, max)),
  );

/** A number of seconds within bounds. */
export const seconds = (min: number, max: number) =>
  numeral.pipe(z.number().min(min, between(min, max)).max(max, between(min, max)));

const between = (min: number, max: number) => ({ error: `must be between ${min} and ${max}` });

/** `--wait`: true until the end, or at most so many seconds. */
export const Wait = z.union([z.literal(true), seconds(0, 31_536_000)], {
  error: "must be a number of seconds, or nothing to wait until the end",
});
export type Wait = z.infer<typeof Wait>;

/** The page of a list. */
export const pageOptions = {
  limit: integer(0, 500).default(50),
  offset: integer(0, 1_000_000_000).default(0),
};

/** The same of tasks. */
export const taskPageOptions = { ...pageOptions, after: text.optional() };

const Status = z.enum(TaskStatus.options, {
  error: `must be one of ${TaskStatus.options.join(", ")}`,
});

/** `--status` of a list: one, or several with commas. */
export const Statuses = z
  .string()
  .transform((given) => given.split(",").map((one) => one.trim()))
  .pipe(z.array(Status));

/** An id in an address; `.` and `..` would be steps in the path. */
export const PathId = z
  .string()
  .regex(/^(?!\.{0,2}$)/, { error: "is not an id" })
  .max(1000, { error: "is too long for an id" });

const SECONDS_OF = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const isUnit = (unit: string): unit is keyof typeof SECONDS_OF => Object.hasOwn(SECONDS_OF, unit);

/** How long something is good for, in seconds: `30d`, `12h`, `15m`, `3600`. */
export const Duration = z
  .string()
  .regex(/^[1-9]\d{0,8}[smhd]?$/, { error: "must be a time such as 30d, 12h, 15m or 3600" })
  .transform((text) => {
    const unit = text.slice(-1);
    return Number.parseInt(text, 10) * (isUnit(unit) ? SECONDS_OF[unit] : 1);
  });
