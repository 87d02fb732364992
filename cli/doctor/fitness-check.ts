import type { Health } from "../../protocol/health.ts";
import { type CheckResult, reportFailure } from "./check-result.ts";

type Kind = NonNullable<Health["database"]["findings"]>[number];

/**
 * Detail and advice for each kind of problem. They do not name objects and statements, which not every user
 * may see; the server's log does.
 */
const TEXTS: Readonly<Record<Kind, readonly [detail: string, advice: string]>> = {
  unsuitable: ["the database is not supported", "use PostgreSQL with a supported version and encoding UTF8"],
  rights: [
    "the database role of the server lacks privileges",
    "grant them as in docs/operating.md, 'Database roles'",
  ],
  "read-only": ["the database is read-only", "connect the server to the primary"],
};

/** Returns the reasons why the server cannot use its database. There is one result for each kind. */
export function checkFitness({ database }: Health): readonly CheckResult[] {
  return (database.findings ?? []).map((kind) => {
    const [detail, advice] = TEXTS[kind];
    return reportFailure("database", detail, `${advice}; the server's log has the details`);
  });
}
