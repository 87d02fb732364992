import type { Health } from "../../protocol/health.ts";
import { type CheckResult, reportFailure } from "./check-result.ts";

type Kind = NonNullable<Health["database"]["findings"]>[number];

/**
 * Detail and advice for each kind of problem. They do not name database objects or statements, because not
 * every user may see these. The server's log contains them.
 */
const TEXTS: Readonly<Record<Kind, readonly [detail: string, advice: string]>> = {
  unsuitable: ["the database is not supported", "use PostgreSQL with a supported version and encoding UTF8"],
  rights: [
    "the database role of the server lacks privileges",
    "grant them as in docs/operating.md, 'Database roles'",
  ],
  "read-only": ["the database is read-only", "connect the server to the primary"],
};

/** Returns a failed check for each reason why the server cannot use its database. */
export function checkFitness({ database }: Health): readonly CheckResult[] {
  return (database.findings ?? []).map((kind) => {
    const [detail, advice] = TEXTS[kind];
    return reportFailure("database", detail, `${advice}; the server's log has the details`);
  });
}
