import type { Subject } from "./subject.ts";

/**
 * Loads each subject on demand, so that a process does not load the libraries of all other
 * subjects.
 */
const LOADERS = {
  joblib: async () => (await import("./joblib.ts")).joblib,
  bullmq: async () => (await import("./bullmq.ts")).bullmq,
  "bullmq-on-postgres": async () => (await import("./bullmq.ts")).bullmqOnPostgres,
  "pg-boss": async () => (await import("./pg-boss.ts")).pgBoss,
  "graphile-worker": async () => (await import("./graphile-worker.ts")).graphileWorker,
} as const satisfies Record<string, () => Promise<Subject>>;

export type SubjectName = keyof typeof LOADERS;

export const loadSubject = (name: SubjectName): Promise<Subject> => LOADERS[name]();
