import { existsSync } from "node:fs";
import type { Settings, SettingsInput } from "../../server/settings/settings.ts";
import type { DatabaseFinding } from "../../server/storage/database/unfit-database.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { CliError, UsageError } from "../io/errors.ts";
import type { Environment } from "./global-options.ts";
import { toKebabCase } from "./option-values.ts";

export interface RunningServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Replaces the name of a setting in an error message with its command line option. */
function nameOption(message: string) {
  return message.replace(/^settings\.(\w+)/, (_, name: string) => `--${toKebabCase(name)}`);
}

const EXIT_BY_FINDING: Readonly<Record<DatabaseFinding["kind"], ExitCode>> = {
  unsupported: EXIT.usage,
  privileges: EXIT.notAllowed,
  "read-only": EXIT.serverFailed,
  migrations: EXIT.conflict,
};

/**
 * Recognizes the error by its name instead of its class, because the server's modules are imported
 * only on demand.
 */
function isUnfitDatabase(error: Error): error is Error & { readonly findings: readonly DatabaseFinding[] } {
  return error.name === "UnfitDatabase" && "findings" in error;
}

/**
 * Converts an error at the start of a server to one that the user can act on: an invalid setting, a
 * port in use, or an unsupported database.
 */
export function toStartError(error: unknown): unknown {
  if (error instanceof CliError || !(error instanceof Error)) return error;
  if (error.name === "SettingsError") return new UsageError(nameOption(error.message));
  if (error.name === "DataDirectoryError") return new UsageError(error.message);
  if (isUnfitDatabase(error)) {
    const [first] = error.findings;
    return new CliError(error.message, first === undefined ? EXIT.serverFailed : EXIT_BY_FINDING[first.kind]);
  }
  if (error.name === "StorageRefusal") return new CliError(error.message, EXIT.notAllowed);
  const failure = new CliError(getReason(error), EXIT.serverFailed);
  failure.cause = error;
  return failure;
}

function getReason(error: Error): string {
  const causes = [error, error.cause].filter((cause) => cause instanceof Error);
  return [...new Set(causes.map(getErrorText))].join(": ");
}

/**
 * Returns the message of an error. Node.js throws an AggregateError if a host name has several
 * addresses and none accepts the connection. It may have no message, but its `errors` have
 * messages.
 */
function getErrorText(error: Error): string {
  if ("code" in error && error.code === "EADDRINUSE" && "port" in error) {
    return `port ${error.port} is already in use. Choose another one with --port or JOBLIB_PORT.`;
  }
  const [first] = error instanceof AggregateError ? error.errors : [];
  return error.message || (first instanceof Error ? first.message : error.name);
}

/**
 * Reads the settings from the environment and the command line. The command line takes precedence.
 */
export async function readSettings(env: Environment, overrides: SettingsInput): Promise<Settings> {
  const { parseSettings } = await import("../../server/settings/settings.ts");
  try {
    return parseSettings(env, overrides);
  } catch (error) {
    throw toStartError(error);
  }
}

const CLIENT_VARIABLES = ["JOBLIB_URL", "JOBLIB_TOKEN", "JOBLIB_ROOM", "JOBLIB_DEBUG"];

/**
 * Returns the environment variables that start with JOBLIB_ but are not settings, for example
 * because they are misspelled.
 */
export async function findUnknownVariables(env: Environment): Promise<readonly string[]> {
  const { Settings: Known } = await import("../../server/settings/settings.ts");
  const known = new Set([
    ...CLIENT_VARIABLES,
    ...Object.keys(Known.shape).map((name) => `JOBLIB_${name.toUpperCase()}`),
  ]);
  return Object.keys(env).filter((name) => name.startsWith("JOBLIB_") && !known.has(name));
}

/** Starts a server. Resolves when the server accepts connections. */
export async function startServer(
  settings: Settings,
  options: { readonly migrate: boolean },
): Promise<RunningServer> {
  const { createServer } = await import("../../server/standalone.ts");
  try {
    const app = await createServer({ settings, migrate: options.migrate });
    try {
      const url = await app.listen({ host: settings.host, port: settings.port });
      return { url, close: () => app.close() };
    } catch (error) {
      await app.close();
      throw error;
    }
  } catch (error) {
    throw toStartError(error);
  }
}

/** Applies the pending migrations and returns their names. With `check`, only returns the names. */
export async function runMigrations(settings: Settings, check: boolean): Promise<readonly string[]> {
  const [{ openDatabase }, { migrate, checkMigrations }] = await Promise.all([
    import("../../server/storage/database/database.ts"),
    import("../../server/storage/migrations/migrate.ts"),
  ]);
  const { database_url: url, data_dir: dataDir } = settings;
  try {
    // A check must not create a data directory. If there is none, the check uses an empty in-memory
    // database, which has the same pending migrations.
    const embedded = { dataDir: check && !existsSync(dataDir) ? "memory://" : dataDir };
    const orm = await openDatabase(url === undefined ? embedded : { url });
    try {
      return await (check ? checkMigrations(orm) : migrate(orm));
    } finally {
      await orm.close();
    }
  } catch (error) {
    throw toStartError(error);
  }
}
