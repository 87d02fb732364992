import { defineEntity, p } from "@mikro-orm/core";

/** Where a task stands in its room's and its job's lists: written once, with the task, and deleted with it. */
export const TaskPlaceEntity = defineEntity({
  name: "JoblibTaskPlace",
  tableName: "task_place",
  schema: "joblib",
  properties: {
    roomId: p.text().primary(),
    createdAt: p.datetime().primary(),
    taskId: p.uuid().primary(),
    jobId: p.uuid(),
  },
});
