import { defineEntity, p } from "@mikro-orm/core";
import type { JsonValue } from "../../../protocol/index.ts";

/** A result that arrived after its lease was lost. */
export const LateResultEntity = defineEntity({
  name: "JoblibLateResult",
  tableName: "late_result",
  schema: "joblib",
  properties: {
    taskId: p.uuid().primary(),
    attempt: p.integer().primary(),
    workerId: p.uuid().primary(),
    userId: p.text(),
    result: p.json<JsonValue>().nullable(),
    receivedAt: p.datetime().defaultRaw("clock_timestamp()"),
  },
});
