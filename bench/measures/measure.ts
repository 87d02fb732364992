import type { Services } from "../services/services.ts";

/** What one measurement came to, by name. */
export type Samples = Readonly<Record<string, number>>;

export type Unit = "tasks/s" | "ms" | "MB";

/** One thing that is done once in each round. */
export interface Measure {
  /** The names of its samples, with their units. */
  readonly gives: Readonly<Record<string, Unit>>;
  /** It is given up, and the round goes on, when it takes longer. */
  readonly withinSeconds: number;
  run(bench: Bench): Promise<Samples>;
}

/** What a measurement may use. */
export interface Bench {
  readonly services: Services;
  /** Fewer tasks, to see that everything works. */
  readonly isQuick: boolean;
}
