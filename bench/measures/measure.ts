import type { Queue } from "../services/joblib-server.ts";
import type { Services } from "../services/services.ts";

/** The values of a measurement, by name of the sample. */
export type Samples = Readonly<Record<string, number>>;

export type Unit = "tasks/s" | "parts/s" | "events/s" | "fps" | "ms" | "s" | "KB" | "MB";

/** A measurement. By default, it runs once in each round. */
export interface Measure {
  /** The units of the samples, by name. */
  readonly units: Readonly<Record<string, Unit>>;
  /** Time limit in seconds. A measurement that exceeds it fails, and the round continues. */
  readonly timeoutSeconds: number;
  /** If true, the measurement runs only in the first round, because it takes a minute or more. */
  readonly isOnce?: boolean;
  run(bench: Bench): Promise<Samples>;
}

/** The context of a measurement. */
export interface Bench {
  /** Names of the samples that the selected rows need. A measurement may omit all other samples. */
  readonly samples: ReadonlySet<string>;
  readonly services: Services;
  /** If true, measurements use fewer tasks, to test the benchmark itself. */
  readonly isQuick: boolean;
  /** The task queue that joblib's servers use. Default: `batching`. */
  readonly queue?: Queue;
}
