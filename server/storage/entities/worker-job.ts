import { defineEntity, p } from "@mikro-orm/core";

/** Which worker can run which job; explicit, because an implicit pivot table has no place in the typed SQL. */
export const WorkerJobEntity = defineEntity({
  name: "JoblibWorkerJob",
  tableName: "worker_job",
  schema: "joblib",
  properties: {
    workerId: p.uuid().primary(),
    jobId: p.uuid().primary(),
  },
});
