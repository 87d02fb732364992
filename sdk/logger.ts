/** Where the SDK tells what it does; pino's order of arguments, so a Fastify logger fits as it is. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const ignore = () => {};

/** The default: a library does not write where nobody asked it to. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
