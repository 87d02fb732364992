import * as z from "zod";

/**
 * The kind of an operation. `run` is not a request: it records that a worker's own code started to
 * run a task.
 */
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
  "deregister",
  "read",
  "await",
  "list",
  "run",
]);
export type Operation = z.infer<typeof Operation>;

const OutputTask = z.object({
  id: z.string(),
  room: z.string(),
  status: z.string(),
  attempt: z.number(),
  result: z.unknown().optional(),
});
export type OutputTask = z.infer<typeof OutputTask>;

const common = { t: z.number(), process: z.string() };

const OperationInput = z.object({
  room: z.string().optional(),
  user: z.string().optional(),
  /**
   * A token in the payload that identifies the submit. Within a history, only repetitions of the
   * same submit share a token.
   */
  token: z.string().optional(),
  key: z.string().optional(),
  task: z.string().optional(),
  worker: z.string().optional(),
  attempt: z.number().optional(),
  wait: z.number().optional(),
  /**
   * Maximum time until the client must be notified, in milliseconds. If missing, this delay is not
   * checked.
   */
  maxDelayMs: z.number().optional(),
  /**
   * The condition under which the notification delay is measured. The results list the delays by
   * condition. If missing, they do not contain the delay.
   */
  condition: z.string().optional(),
});
export type OperationInput = z.infer<typeof OperationInput>;

const OperationOutput = z.object({
  tasks: z.array(OutputTask).optional(),
  worker: z.string().optional(),
  http: z.number().optional(),
  /** The id of the problem, or the name of another error. */
  problem: z.string().optional(),
  detail: z.string().optional(),
  retryAfter: z.boolean().optional(),
});
export type OperationOutput = z.infer<typeof OperationOutput>;

const InvocationEvent = z.object({
  ...common,
  phase: z.literal("invoke"),
  op: z.number(),
  operation: Operation,
  input: OperationInput,
});
/**
 * The end of an operation. With `fail`, the operation had no effect; with `unknown`, it may have
 * had an effect.
 */
const CompletionEvent = z.object({
  ...common,
  phase: z.enum(["ok", "fail", "unknown"]),
  op: z.number(),
  operation: Operation,
  output: OperationOutput,
});

/** A note of the nemesis, which is the part of a case that injects faults. */
const Note = z.object({
  ...common,
  phase: z.literal("note"),
  /**
   * `fault` means that a fault was injected. `gone` means that a worker is gone, and that its
   * leases must end within `within` milliseconds.
   */
  note: z.enum(["fault", "gone"]),
  kind: z.string(),
  worker: z.string().optional(),
  within: z.number().optional(),
});
export type Note = z.infer<typeof Note>;

/** One line of a history. */
export const Event = z.discriminatedUnion("phase", [
  InvocationEvent,
  CompletionEvent.extend({ phase: z.literal("ok") }),
  CompletionEvent.extend({ phase: z.literal("fail") }),
  CompletionEvent.extend({ phase: z.literal("unknown") }),
  Note,
]);
export type Event = z.infer<typeof Event>;
/** The start of an operation. */
export type Invocation = Extract<Event, { phase: "invoke" }>;
/** The end of an operation. */
export type Completion = Extract<Event, { phase: "ok" | "fail" | "unknown" }>;
