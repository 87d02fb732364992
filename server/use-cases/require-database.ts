import type { Log } from "../ports.ts";
import { type DatabaseFinding, describeFinding, requireFit } from "../storage/database/unfit-database.ts";
import type { Storage } from "../storage/ports/storage.ts";
import { StorageRefusal, StorageUnavailable } from "../storage/sessions/storage-errors.ts";

type StateReader = Pick<Storage, "check" | "pendingMigrations">;
type Ports = { readonly storage: StateReader; readonly log: Log };

/**
 * Maximum time for which a database that does not respond can delay the start of the host
 * application, in milliseconds.
 */
const CHECK_TIMEOUT_MS = 5_000;
/** Minimum interval between two checks of the privileges after refused statements. */
const EXPLAIN_INTERVAL_MS = 30_000;

/**
 * Throws `UnfitDatabase` if joblib cannot use the host application's database. Only logs that the
 * database is unavailable, read-only or not migrated, because this may change while the application
 * runs.
 */
export async function requireDatabase({ storage, log }: Ports): Promise<void> {
  let findings: readonly DatabaseFinding[];
  try {
    findings = await withDeadline(findObstacles(storage), CHECK_TIMEOUT_MS);
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error;
    log.warn({ err: error }, "joblib failed to check its database at startup");
    return;
  }
  requireFit(findings.filter(preventsQueries));
  logFindings(findings, log);
}

/** Returns an error listener that logs missing privileges if the database denied access. */
export function createRefusalLog({ storage, log }: Ports): (error: unknown) => void {
  let lastExplainedAt = Number.NEGATIVE_INFINITY;
  return (error) => {
    const isRecent = performance.now() - lastExplainedAt < EXPLAIN_INTERVAL_MS;
    if (!(error instanceof StorageRefusal) || isRecent) return;
    lastExplainedAt = performance.now();
    findObstacles(storage)
      .then((findings) => logFindings(findings, log))
      .catch((cause: unknown) => log.warn({ err: cause }, "joblib failed to check its database"));
  };
}

/** Returns all problems with the database, including pending migrations. */
export async function findObstacles(storage: StateReader): Promise<readonly DatabaseFinding[]> {
  const findings = await storage.check();
  if (findings.some(preventsQueries)) return findings;
  const pending = await storage.pendingMigrations();
  if (pending.length === 0) return findings;
  const problem = `${pending.length} migration(s) pending: ${pending.join(", ")}`;
  return [...findings, { kind: "migrations", problem, advice: "run `joblib migrate`" }];
}

/** Returns true for a problem because of which even the query for applied migrations may fail. */
const preventsQueries = ({ kind }: DatabaseFinding): boolean =>
  kind === "unsupported" || kind === "privileges";

function logFindings(findings: readonly DatabaseFinding[], log: Log): void {
  for (const finding of findings) log.error({ kind: finding.kind }, `joblib: ${describeFinding(finding)}`);
}

/** Rejects with `StorageUnavailable` if the database does not respond in time. */
export async function withDeadline<Value>(work: Promise<Value>, milliseconds: number): Promise<Value> {
  const timeout = Promise.withResolvers<never>();
  const reason = `the database did not respond within ${milliseconds / 1000} s`;
  const timer = setTimeout(() => timeout.reject(new StorageUnavailable(undefined, reason)), milliseconds);
  try {
    return await Promise.race([work, timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}
