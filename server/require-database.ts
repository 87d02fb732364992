import type { Log } from "./ports.ts";
import { type DatabaseFinding, describeFinding, requireFit } from "./storage/database/unfit-database.ts";
import type { Storage } from "./storage/ports/storage.ts";
import { StorageRefusal } from "./storage/sessions/storage-refusal.ts";
import { StorageUnavailable } from "./storage/sessions/storage-unavailable.ts";

type Ports = { readonly storage: Pick<Storage, "check" | "pendingMigrations">; readonly log: Log };

/** Timeout of the check, so that a database that does not respond cannot block the start of the host. */
const CHECK_TIMEOUT_MS = 5_000;
/** Minimum interval between two checks of the privileges, however many requests the database refuses. */
const EXPLAIN_INTERVAL_MS = 30_000;

const describePending = (names: readonly string[]): DatabaseFinding => ({
  kind: "migrations",
  problem: `${names.length} migration(s) pending: ${names.join(", ")}`,
  advice: "run `joblib migrate`",
});

/** Returns all problems that keep a server from working with its database, including pending migrations. */
export const findObstacles = async ({
  storage,
}: Pick<Ports, "storage">): Promise<readonly DatabaseFinding[]> => {
  const findings = await storage.check();
  // If a privilege is missing or the database is unsuitable, the statement that reads the applied migrations
  // would fail.
  if (findings.some(({ kind }) => kind === "unsuitable" || kind === "rights")) return findings;
  const pending = await storage.pendingMigrations();
  return pending.length === 0 ? findings : [...findings, describePending(pending)];
};

const withDeadline = async <Value>(work: Promise<Value>): Promise<Value> => {
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => timeout.reject(new StorageUnavailable(new Error(`no response within ${CHECK_TIMEOUT_MS} ms`))),
    CHECK_TIMEOUT_MS,
  );
  try {
    return await Promise.race([work, timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
};

/**
 * Throws `UnfitDatabase` if joblib cannot work with the host's database. Only logs a database that is
 * unavailable, read-only or not migrated, because this may change while the host runs.
 */
export const requireDatabase = async ({ storage, log }: Ports): Promise<void> => {
  let findings: readonly DatabaseFinding[];
  try {
    findings = await withDeadline(findObstacles({ storage }));
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error;
    log.warn({ err: error }, "joblib failed to check its database at startup");
    return;
  }
  requireFit(findings.filter(({ kind }) => kind === "unsuitable" || kind === "rights"));
  for (const finding of findings) log.error({ kind: finding.kind }, `joblib: ${describeFinding(finding)}`);
};

/**
 * Returns an error listener for access that the database refused. It logs which privileges are missing and
 * how to grant them.
 */
export const createRefusalLog = ({ storage, log }: Ports): ((error: unknown) => void) => {
  let lastExplainedAt = Number.NEGATIVE_INFINITY;
  const explain = async (): Promise<void> => {
    for (const finding of await findObstacles({ storage })) {
      log.error({ kind: finding.kind }, `joblib: ${describeFinding(finding)}`);
    }
  };
  return (error) => {
    if (!(error instanceof StorageRefusal) || performance.now() - lastExplainedAt < EXPLAIN_INTERVAL_MS)
      return;
    lastExplainedAt = performance.now();
    explain().catch((cause: unknown) => log.warn({ err: cause }, "joblib failed to check its database"));
  };
};
