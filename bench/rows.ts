/** What a row is to reach: at least (or at most) the first number; the second is what we want. */
export type Goal =
  | { readonly atLeast: number; readonly want: number }
  | { readonly atMost: number; readonly want: number };

/** One line of the table: a sample, or the ratio of two of the same round. */
export interface Row {
  readonly name: string;
  readonly what: string;
  readonly of: string;
  readonly per?: string;
  readonly unit: "ratio" | "MB";
  readonly goal: Goal;
}

/** The table. */
export const rows: readonly Row[] = [
  {
    name: "drain-fast",
    what: "drain, fast settings / BullMQ, fast settings",
    of: "joblib drain, fast",
    per: "BullMQ drain, fast",
    unit: "ratio",
    goal: { atLeast: 1, want: 1.5 },
  },
  {
    name: "drain-graphile",
    what: "drain, fast settings / graphile-worker, fast settings",
    of: "joblib drain, fast",
    per: "graphile-worker drain, fast",
    unit: "ratio",
    goal: { atLeast: 0.5, want: 0.9 },
  },
  {
    name: "drain-one-per-request",
    what: "drain, one task per request, 64 in flight / BullMQ, default settings",
    of: "joblib drain, one task per request",
    per: "BullMQ drain, default",
    unit: "ratio",
    goal: { atLeast: 0.6, want: 1 },
  },
  {
    name: "bulk-submit",
    what: "bulk submit / BullMQ addBulk",
    of: "joblib bulk submit",
    per: "BullMQ addBulk",
    unit: "ratio",
    goal: { atLeast: 1.5, want: 3 },
  },
  {
    name: "single-submit",
    what: "single submits, 64 in flight / pg-boss, default settings",
    of: "joblib single submits",
    per: "pg-boss single submits, default",
    unit: "ratio",
    goal: { atLeast: 3, want: 5 },
  },
  {
    name: "pickup",
    what: "pickup p50 / BullMQ, default settings",
    of: "joblib pickup p50",
    per: "BullMQ pickup p50, default",
    unit: "ratio",
    goal: { atMost: 3, want: 1.7 },
  },
  {
    name: "end-to-end",
    what: "end to end p50 / BullMQ, default settings",
    of: "joblib end to end p50",
    per: "BullMQ end to end p50, default",
    unit: "ratio",
    goal: { atMost: 3.5, want: 2 },
  },
  {
    name: "growth-finished",
    what: "lifecycles with 1 M finished tasks / with none",
    of: "joblib lifecycles, 1 M finished",
    per: "joblib lifecycles, empty",
    unit: "ratio",
    goal: { atLeast: 0.85, want: 0.95 },
  },
  {
    name: "growth-pending",
    what: "lifecycles with 1 M pending tasks of the same job / with none",
    of: "joblib lifecycles, 1 M pending of the job",
    per: "joblib lifecycles, empty",
    unit: "ratio",
    goal: { atLeast: 0.85, want: 0.95 },
  },
  {
    name: "growth-pending-other",
    what: "lifecycles with 1 M pending tasks of another job / with none",
    of: "joblib lifecycles, 1 M pending of another",
    per: "joblib lifecycles, empty",
    unit: "ratio",
    goal: { atLeast: 0.85, want: 0.95 },
  },
  {
    name: "growth-jobs",
    what: "lifecycles with 100 jobs per worker / with one",
    of: "joblib lifecycles, 100 jobs",
    per: "joblib lifecycles, empty",
    unit: "ratio",
    goal: { atLeast: 0.85, want: 0.95 },
  },
  {
    name: "third-drain",
    what: "third drain of one table / first",
    of: "joblib third drain",
    per: "joblib first drain",
    unit: "ratio",
    goal: { atLeast: 0.85, want: 0.95 },
  },
  {
    name: "idle-pickup",
    what: "pickup p99 with 1,000 idle workers / with one",
    of: "joblib pickup p99, 1,000 wait",
    per: "joblib pickup p99, one waits",
    unit: "ratio",
    goal: { atMost: 5, want: 2 },
  },
  {
    name: "two-servers",
    what: "drain, two servers on one database / one server",
    of: "joblib drain, two servers",
    per: "joblib drain, one server",
    unit: "ratio",
    goal: { atLeast: 1, want: 1 },
  },
  {
    name: "pglite",
    what: "PGlite, 64 in flight: batched / one statement per call",
    of: "PGlite lifecycles, coalesced",
    per: "PGlite lifecycles, one by one",
    unit: "ratio",
    goal: { atLeast: 4, want: 6 },
  },
  {
    name: "idle-memory",
    what: "server memory with 1,000 waiting workers",
    of: "joblib server, 1,000 wait",
    unit: "MB",
    goal: { atMost: 250, want: 150 },
  },
  {
    name: "payload-10kb",
    what: "drain, payloads of 10 KB / BullMQ, fast settings",
    of: "joblib drain, fast, 10 KB",
    per: "BullMQ drain, fast, 10 KB",
    unit: "ratio",
    goal: { atLeast: 0.8, want: 1.2 },
  },
  {
    name: "payload-100kb",
    what: "drain, payloads of 100 KB / BullMQ, fast settings",
    of: "joblib drain, fast, 100 KB",
    per: "BullMQ drain, fast, 100 KB",
    unit: "ratio",
    goal: { atLeast: 0.8, want: 1.2 },
  },
];
