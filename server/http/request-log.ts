import type { FastifyBaseLogger, FastifyServerOptions } from "fastify";

type Bindings = Parameters<FastifyBaseLogger["child"]>[0];
type Options = Parameters<FastifyBaseLogger["child"]>[1];

/** The log of a request. The child logger is created on demand, because few requests log and each child took 4 µs. */
class RequestLog implements FastifyBaseLogger {
  readonly #parent: FastifyBaseLogger;
  readonly #bindings: Bindings;
  readonly #options: Options;
  #own: FastifyBaseLogger | undefined;

  constructor(parent: FastifyBaseLogger, bindings: Bindings, options: Options) {
    this.#parent = parent;
    this.#bindings = bindings;
    this.#options = options;
  }

  get #log(): FastifyBaseLogger {
    this.#own ??= this.#parent.child(this.#bindings, this.#options);
    return this.#own;
  }

  get level(): string {
    return this.#log.level;
  }

  set level(level: string) {
    this.#log.level = level;
  }

  fatal(...line: [unknown, ...unknown[]]): void {
    Reflect.apply(this.#log.fatal, this.#log, line);
  }

  error(...line: [unknown, ...unknown[]]): void {
    Reflect.apply(this.#log.error, this.#log, line);
  }

  warn(...line: [unknown, ...unknown[]]): void {
    Reflect.apply(this.#log.warn, this.#log, line);
  }

  info(...line: [unknown, ...unknown[]]): void {
    Reflect.apply(this.#log.info, this.#log, line);
  }

  debug(...line: [unknown, ...unknown[]]): void {
    Reflect.apply(this.#log.debug, this.#log, line);
  }

  trace(...line: [unknown, ...unknown[]]): void {
    Reflect.apply(this.#log.trace, this.#log, line);
  }

  silent(): void {}

  child(bindings: Bindings, options?: Options): FastifyBaseLogger {
    return this.#log.child(bindings, options);
  }
}

/** Creates the log of a request, for Fastify's `childLoggerFactory`. */
export const createRequestLog: NonNullable<FastifyServerOptions["childLoggerFactory"]> = (
  parent,
  bindings,
  options,
) => new RequestLog(parent, bindings, options);
