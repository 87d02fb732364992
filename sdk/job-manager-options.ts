import type { ClientOptions } from "./http/options.ts";
import type { Logger } from "./logger.ts";
import type { RunCallbacks } from "./worker/run-stream.ts";
import type { ListenOptions } from "./worker/task-stream.ts";

/** Options of `JobManager`. */
export interface JobManagerOptions extends ClientOptions {
  /** The default room of jobs and tasks. Default: `JOBLIB_ROOM`. */
  readonly room?: string | undefined;
  /** The worker's label in the dashboard and CLI. Default: `host:pid`. */
  readonly name?: string | undefined;
  /** Interval of the heartbeats, in seconds. Default: the interval of the server. */
  readonly heartbeatSeconds?: number | undefined;
  /** Receives the SDK's log lines; pino and Fastify loggers can be used directly. Default: `silentLogger`. */
  readonly logger?: Logger | undefined;
  /** If true, lines that `run` prints with `console` are stored with the task. Default: false. */
  readonly captureConsole?: boolean | undefined;
}

/** Options of `JobManager.run`. */
export interface RunOptions<Context> extends ListenOptions, RunCallbacks<Context> {
  /**
   * Aborting it stops the stream and ends the current tasks: started tasks are interrupted and fail,
   * and the others are requeued.
   */
  readonly interrupt?: AbortSignal | undefined;
}
