import { defineEntity, p } from "@mikro-orm/core";

/** The position of a task in the lists of its room and its job. It is inserted and deleted with the task, and never updated. */
export const TaskListingEntity = defineEntity({
  name: "JoblibTaskListing",
  tableName: "task_listing",
  schema: "joblib",
  properties: {
    roomId: p.text().primary(),
    createdAt: p.datetime().primary(),
    taskId: p.uuid().primary(),
    jobId: p.uuid(),
  },
});
