import type { Queue } from "../services/joblib-server.ts";
import type { Services } from "../services/services.ts";

/** The values of one measurement, by name. */
export type Samples = Readonly<Record<string, number>>;

export type Unit = "tasks/s" | "events/s" | "fps" | "ms" | "s" | "KB" | "MB";

/** A measurement that runs once in each round. */
export interface Measure {
  /** The units of its samples, by name. */
  readonly units: Readonly<Record<string, Unit>>;
  /** Time limit, after which the measurement fails and the round continues. */
  readonly timeoutSeconds: number;
  /** Whether it runs only in the first round, because it takes a minute or more. */
  readonly isOnce?: boolean;
  run(bench: Bench): Promise<Samples>;
}

/** The context of a measurement. */
export interface Bench {
  /** The samples that the selected rows need. A measurement may omit others. */
  readonly samples: ReadonlySet<string>;
  readonly services: Services;
  /** Whether to run fewer tasks, to test the benchmark itself. */
  readonly isQuick: boolean;
  /** The task queue of joblib's servers. Default: `batching`. */
  readonly queue?: Queue;
}
