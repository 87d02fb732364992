import * as z from "zod";

/** What a client does. `run` is a worker's own code being entered: no request, but what the promises are about. */
export const Operation = z.enum([
  "register",
  "submit",
  "claim",
  "start",
  "complete",
  "fail",
  "progress",
  "cancel",
  "retry",
  "heartbeat",
  "release",
  "leave",
  "read",
  "await",
  "list",
  "run",
]);
export type Operation = z.infer<typeof Operation>;

const AnsweredTask = z.object({
  id: z.string(),
  room: z.string(),
  status: z.string(),
  attempt: z.number(),
  result: z.unknown().optional(),
});
export type AnsweredTask = z.infer<typeof AnsweredTask>;

const common = { t: z.number(), process: z.string() };

/** What is known of an operation before its answer. */
const Asked = z.object({
  room: z.string().optional(),
  user: z.string().optional(),
  /** The payload's token: unique among all submits of a history that are not repetitions of one another. */
  token: z.string().optional(),
  key: z.string().optional(),
  task: z.string().optional(),
  worker: z.string().optional(),
  attempt: z.number().optional(),
  wait: z.number().optional(),
  /** How late a wake-up may be, in milliseconds, where the case promises it. */
  bar: z.number().optional(),
  /** Under which circumstances, where how late it was is one of the figures. */
  when: z.string().optional(),
});
export type Asked = z.infer<typeof Asked>;

/** What is known after it. */
const Answered = z.object({
  tasks: z.array(AnsweredTask).optional(),
  worker: z.string().optional(),
  http: z.number().optional(),
  /** The problem's id, or the name of an error that is no problem. */
  problem: z.string().optional(),
  detail: z.string().optional(),
  retryAfter: z.boolean().optional(),
});
export type Answered = z.infer<typeof Answered>;

const Begun = z.object({
  ...common,
  phase: z.literal("invoke"),
  op: z.number(),
  f: Operation,
  asked: Asked,
});
/** `fail`: it has not happened. `unknown`: nobody can tell from here. */
const Ended = z.object({
  ...common,
  phase: z.enum(["ok", "fail", "unknown"]),
  op: z.number(),
  f: Operation,
  answered: Answered,
});

/** What the nemesis, or a case, says. */
const Note = z.object({
  ...common,
  phase: z.literal("note"),
  /** `fault`: for the record. `gone`: a worker is gone, and what it holds is to be let go of `within` so many ms. */
  note: z.enum(["fault", "gone"]),
  kind: z.string(),
  worker: z.string().optional(),
  within: z.number().optional(),
});
export type Note = z.infer<typeof Note>;

/** One line of a history. */
export const Event = z.discriminatedUnion("phase", [
  Begun,
  Ended.extend({ phase: z.literal("ok") }),
  Ended.extend({ phase: z.literal("fail") }),
  Ended.extend({ phase: z.literal("unknown") }),
  Note,
]);
export type Event = z.infer<typeof Event>;
/** An operation's begin. */
export type Invocation = Extract<Event, { phase: "invoke" }>;
/** What became of it. */
export type Completion = Extract<Event, { phase: "ok" | "fail" | "unknown" }>;
