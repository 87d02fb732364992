import { defineEntity, p } from "@mikro-orm/core";
import type { Fairness, JsonObject, TaskDefaults } from "../../../protocol/index.ts";

/** A registered job. The name has a prefix, because a host may have its own `Job`. */
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
    /** The schema with its members in the original order, which `jsonb` does not keep. */
    writtenSchema: p.json<JsonObject>().columnType("json").nullable(),
    resultSchema: p.json<JsonObject>().nullable(),
    schemaHash: p.text(),
    description: p.text().nullable(),
    defaults: p.json<TaskDefaults>(),
    fairness: p.text().$type<Fairness>().default("fifo"),
    createdAt: p.datetime().defaultRaw("now()"),
    /** A removed job keeps its row, because its tasks stay readable. */
    removedAt: p.datetime().nullable(),
  },
});
