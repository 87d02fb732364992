import { defineEntity, p } from "@mikro-orm/core";
import type { Fairness, JsonObject, TaskDefaults } from "../../../protocol/index.ts";

/** A registered job; the name carries the house's, so that a host may have a `Job` of its own. */
export const JobEntity = defineEntity({
  name: "JoblibJob",
  tableName: "job",
  schema: "joblib",
  properties: {
    id: p.uuid().primary(),
    roomId: p.text(),
    category: p.text(),
    name: p.text(),
    schema: p.json<JsonObject>(),
    /** In the order in which its author wrote it. */
    writtenSchema: p.json<JsonObject>().columnType("json").nullable(),
    resultSchema: p.json<JsonObject>().nullable(),
    schemaHash: p.text(),
    description: p.text().nullable(),
    defaults: p.json<TaskDefaults>(),
    fairness: p.text().$type<Fairness>().default("fifo"),
    createdAt: p.datetime().defaultRaw("now()"),
    /** Removal is soft: the tasks' history keeps its job. */
    removedAt: p.datetime().nullable(),
  },
});
