/** Where the SDK tells what it does; pino's order of arguments, so a Fastify logger fits as it is. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A line for people, or one with fields before it. */
interface LogMethod {
  (message: string): void;
  (fields: object, message: string): void;
}

/** Where a task's `run` tells what it does. */
export interface TaskLogger {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
}

const ignore = () => {};

/** The default: a library does not write where nobody asked it to. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
