import type { Settings, SettingsInput } from "../server/settings.ts";
import type { DatabaseFinding } from "../server/storage/unfit-database.ts";
import { CliError, UsageError } from "./errors.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import type { Environment } from "./global-options.ts";

/** A server in this process. */
export interface RunningServer {
  readonly url: string;
  close(): Promise<void>;
}

const kebabCase = (name: string) =>
  name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replace(/_/g, "-");

/** A setting given by an option is named as the option. */
const asOption = (message: string) =>
  message.replace(/^settings\.(\w+)/, (_, name: string) => `--${kebabCase(name)}`);

const EXIT_OF_FINDING: Readonly<Record<DatabaseFinding["kind"], ExitCode>> = {
  unsuitable: EXIT.usage,
  rights: EXIT.notAllowed,
  "read-only": EXIT.serverFailed,
  migrations: EXIT.conflict,
};

/** The errors that the server gives a kind; they are known by their names, because the server is loaded when it is needed. */
const isUnfit = (error: Error): error is Error & { readonly findings: readonly DatabaseFinding[] } =>
  error.name === "UnfitDatabase" && "findings" in error;

/** Returns an error that a person at the terminal can act on: a bad setting, a port in use, a database that does not do. */
export const toStartError = (error: unknown): unknown => {
  if (error instanceof CliError || !(error instanceof Error)) return error;
  if (error.name === "SettingsError") return new UsageError(asOption(error.message));
  if (error.name === "DataDirectoryError") return new UsageError(error.message);
  if (isUnfit(error)) {
    const [first] = error.findings;
    return new CliError(error.message, first === undefined ? EXIT.serverFailed : EXIT_OF_FINDING[first.kind]);
  }
  if (error.name === "StorageRefusal") return new CliError(error.message, EXIT.notAllowed);
  const failure = new CliError(reasonOf(error), EXIT.serverFailed);
  failure.cause = error;
  return failure;
};

const reasonOf = (error: Error): string => {
  const causes = [error, error.cause].filter((one) => one instanceof Error);
  return [...new Set(causes.map(textOf))].join(": ");
};

/** A refused connection to a name with several addresses has its reasons inside, and no message. */
const textOf = (error: Error): string => {
  if ("code" in error && error.code === "EADDRINUSE" && "port" in error) {
    return `port ${error.port} is taken: another is chosen with --port or JOBLIB_PORT`;
  }
  const [first] = error instanceof AggregateError ? error.errors : [];
  return error.message || (first instanceof Error ? first.message : error.name);
};

/** Settings of the environment, under those of the command line. */
export const readSettings = async (env: Environment, given: SettingsInput): Promise<Settings> => {
  const { parseSettings } = await import("../server/settings.ts");
  try {
    return parseSettings(env, given);
  } catch (error) {
    throw toStartError(error);
  }
};

const CLIENT_VARIABLES = ["JOBLIB_URL", "JOBLIB_TOKEN", "JOBLIB_ROOM", "JOBLIB_DEBUG"];

/** Variables that are named as a setting of joblib's and are none: most are slips of the pen. */
export const findUnknownVariables = async (env: Environment): Promise<readonly string[]> => {
  const { Settings: Known } = await import("../server/settings.ts");
  const known = new Set([
    ...CLIENT_VARIABLES,
    ...Object.keys(Known.shape).map((name) => `JOBLIB_${name.toUpperCase()}`),
  ]);
  return Object.keys(env).filter((name) => name.startsWith("JOBLIB_") && !known.has(name));
};

/** Brings a server up and waits until it listens. */
export const startServer = async (
  settings: Settings,
  options: { readonly migrate: boolean },
): Promise<RunningServer> => {
  const { createServer } = await import("../server/standalone.ts");
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
};
