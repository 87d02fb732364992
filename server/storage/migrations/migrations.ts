import { Migration20261123Initial } from "./migration-20261123-initial.ts";
import { Migration20261124LateResults } from "./migration-20261124-late-results.ts";
import { Migration20261124Places } from "./migration-20261124-places.ts";
import { Migration20261125Draining } from "./migration-20261125-draining.ts";
import { Migration20261125Invitations } from "./migration-20261125-invitations.ts";
import { Migration20261125PlainPayload } from "./migration-20261125-plain-payload.ts";
import { Migration20261125RoomTurns } from "./migration-20261125-room-turns.ts";
import { Migration20261125TaskLogs } from "./migration-20261125-task-logs.ts";
import { Migration20261125TraceContext } from "./migration-20261125-trace-context.ts";
import { Migration20261125WrittenSchema } from "./migration-20261125-written-schema.ts";
import { Migration20261126LargeValues } from "./migration-20261126-large-values.ts";
import { Migration20261126QueuePlaces } from "./migration-20261126-queue-places.ts";
import { Migration20261129PlainNames } from "./migration-20261129-plain-names.ts";
import { Migration20261129Providers } from "./migration-20261129-providers.ts";

/** joblib's migrations, oldest first. A host can add them to the `migrationsList` of its ORM, or run `joblib migrate`. */
export const migrations = [
  { name: "joblib-20261123-initial", class: Migration20261123Initial },
  { name: "joblib-20261124-places", class: Migration20261124Places },
  { name: "joblib-20261124-late-results", class: Migration20261124LateResults },
  { name: "joblib-20261125-room-turns", class: Migration20261125RoomTurns },
  { name: "joblib-20261125-task-logs", class: Migration20261125TaskLogs },
  { name: "joblib-20261125-draining", class: Migration20261125Draining },
  { name: "joblib-20261125-written-schema", class: Migration20261125WrittenSchema },
  { name: "joblib-20261125-trace-context", class: Migration20261125TraceContext },
  { name: "joblib-20261125-invitations", class: Migration20261125Invitations },
  { name: "joblib-20261125-plain-payload", class: Migration20261125PlainPayload },
  { name: "joblib-20261126-queue-places", class: Migration20261126QueuePlaces },
  { name: "joblib-20261126-large-values", class: Migration20261126LargeValues },
  { name: "joblib-20261129-plain-names", class: Migration20261129PlainNames },
  { name: "joblib-20261129-providers", class: Migration20261129Providers },
];
