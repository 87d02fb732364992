import { defineEntity, p } from "@mikro-orm/core";

/** A connected worker; its row is its life. */
export const WorkerEntity = defineEntity({
  name: "JoblibWorker",
  tableName: "worker",
  schema: "joblib",
  properties: {
    id: p.uuid().primary(),
    name: p.text().nullable(),
    userId: p.text(),
    lastHeartbeat: p.datetime().defaultRaw("now()"),
    /** Set once it is drained: the jobs that it was linked to until then. */
    drainedJobs: p.json<string[]>().nullable(),
    createdAt: p.datetime().defaultRaw("now()"),
  },
});
