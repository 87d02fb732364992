import { defineEntity, p } from "@mikro-orm/core";

/** A connected worker. Its row is deleted when it deregisters or is swept. */
export const WorkerEntity = defineEntity({
  name: "JoblibWorker",
  tableName: "worker",
  schema: "joblib",
  properties: {
    id: p.uuid().primary(),
    name: p.text().nullable(),
    userId: p.text(),
    lastHeartbeat: p.datetime().defaultRaw("now()"),
    /** Set when the worker is drained: the jobs that it was linked to. */
    drainedJobs: p.json<string[]>().nullable(),
    createdAt: p.datetime().defaultRaw("now()"),
  },
});
