import { defineEntity, p } from "@mikro-orm/core";

/**
 * The link between a worker and a job that it can run. It is an explicit entity, because the type `Tables`
 * does not contain implicit pivot tables.
 */
export const WorkerJobEntity = defineEntity({
  name: "JoblibWorkerJob",
  tableName: "worker_job",
  schema: "joblib",
  properties: {
    workerId: p.uuid().primary(),
    jobId: p.uuid().primary(),
  },
});
