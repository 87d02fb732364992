import type { Health } from "../../protocol/health.ts";
import { type CheckResult, reportFailure } from "./check-result.ts";

type Kind = NonNullable<Health["database"]["findings"]>[number];

/** What each kind means; the server's log names the objects and the statements, which not every user should see. */
const WORDS: Readonly<Record<Kind, readonly [detail: string, advice: string]>> = {
  unsuitable: ["joblib cannot work on this database", "its product, version or encoding does not do"],
  rights: ["the server's role lacks rights", "grant them: docs/operating.md, 'Database roles'"],
  "read-only": ["the database takes no writes", "connect the server to the primary"],
};

/** Returns what keeps the server from working on its database; one finding for each kind. */
export const checkFitness = ({ database }: Health): readonly CheckResult[] =>
  (database.findings ?? []).map((kind) => {
    const [detail, advice] = WORDS[kind];
    return reportFailure("database", detail, `${advice}; the server's log says more`);
  });
