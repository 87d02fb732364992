/**
 * The logger of the SDK. Its methods have the argument order of pino, so a Fastify logger can be
 * used directly.
 */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Logs a message, optionally preceded by an object with fields. */
interface LogMethod {
  (message: string): void;
  (fields: object, message: string): void;
}

/** The logger that `run` receives. Its lines are also stored with the task. */
export interface TaskLogger {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
}

const ignore = () => {};

/** The default logger of `JobManager`. It discards everything. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
