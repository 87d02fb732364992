import type { Log } from "./context.ts";
import type { Storage } from "./storage/storage.ts";
import { StorageRefusal } from "./storage/storage-refusal.ts";
import { StorageUnavailable } from "./storage/storage-unavailable.ts";
import { type DatabaseFinding, describeFinding, requireFit } from "./storage/unfit-database.ts";

type Ports = { readonly storage: Pick<Storage, "check" | "pendingMigrations">; readonly log: Log };

/** A host's start must not hang because its database does. */
const CHECK_MS = 5_000;
/** The rights are read again at most so often, however many requests are refused. */
const EXPLAIN_EVERY_MS = 30_000;

const describePending = (names: readonly string[]): DatabaseFinding => ({
  kind: "migrations",
  problem: `${names.length} migration(s) pending: ${names.join(", ")}`,
  advice: "run `joblib migrate`",
});

/** Returns everything that keeps a server from working on its database, pending migrations included. */
export const findObstacles = async ({
  storage,
}: Pick<Ports, "storage">): Promise<readonly DatabaseFinding[]> => {
  const findings = await storage.check();
  // What follows would be refused.
  if (findings.some(({ kind }) => kind === "unsuitable" || kind === "rights")) return findings;
  const pending = await storage.pendingMigrations();
  return pending.length === 0 ? findings : [...findings, describePending(pending)];
};

const withDeadline = async <Value>(work: Promise<Value>): Promise<Value> => {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new StorageUnavailable(new Error(`no answer within ${CHECK_MS} ms`))),
    CHECK_MS,
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
};

/**
 * Throws `UnfitDatabase` if joblib can never work on the host's database as it is. A database that is away, read-only or
 * not migrated yet is only logged: that may change while the host runs.
 */
export const requireDatabase = async ({ storage, log }: Ports): Promise<void> => {
  let findings: readonly DatabaseFinding[];
  try {
    findings = await withDeadline(findObstacles({ storage }));
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error;
    log.warn({ err: error }, "joblib could not check its database at the start");
    return;
  }
  requireFit(findings.filter(({ kind }) => kind === "unsuitable" || kind === "rights"));
  for (const finding of findings) log.error({ kind: finding.kind }, `joblib: ${describeFinding(finding)}`);
};

/** Returns a function that logs, after a refusal of the database, which rights are missing and how to grant them. */
export const createRefusalLog = ({ storage, log }: Ports): ((error: unknown) => void) => {
  let last = Number.NEGATIVE_INFINITY;
  const explain = async (): Promise<void> => {
    for (const finding of await findObstacles({ storage })) {
      log.error({ kind: finding.kind }, `joblib: ${describeFinding(finding)}`);
    }
  };
  return (error) => {
    if (!(error instanceof StorageRefusal) || performance.now() - last < EXPLAIN_EVERY_MS) return;
    last = performance.now();
    explain().catch((cause: unknown) => log.warn({ err: cause }, "joblib could not check its database"));
  };
};
