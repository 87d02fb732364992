import { defineEntity, p } from "@mikro-orm/core";

/** The link between a worker and a job that it can run. An explicit entity, because `Tables` lacks implicit pivot tables. */
export const WorkerJobEntity = defineEntity({
  name: "JoblibWorkerJob",
  tableName: "worker_job",
  schema: "joblib",
  properties: {
    workerId: p.uuid().primary(),
    jobId: p.uuid().primary(),
  },
});
