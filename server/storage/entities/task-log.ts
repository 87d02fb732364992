import { defineEntity, p } from "@mikro-orm/core";
import type { LogLevel } from "../../../protocol/index.ts";

export const TaskLogEntity = defineEntity({
  name: "JoblibTaskLog",
  tableName: "task_log",
  schema: "joblib",
  properties: {
    taskId: p.uuid().primary(),
    attempt: p.integer().primary(),
    number: p.integer().primary(),
    at: p.datetime(),
    level: p.text().$type<LogLevel>(),
    text: p.text(),
  },
});
