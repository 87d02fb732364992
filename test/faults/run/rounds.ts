import { Random } from "../../support/random.ts";
import { monotonic } from "../clock.ts";
import { CaseRunner, type RunnerResources } from "./case-runner.ts";
import type { FaultCase } from "./fault-case.ts";
import { type CaseResult, createFailedResult } from "./run-case.ts";

/**
 * Time limit of the first round. A round takes about two minutes on two cores, so the limit applies
 * only if cases hang.
 */
const MAX_ROUND_SECONDS = 600;

export interface RoundsOptions {
  readonly seed: number;
  /** Duration of the run. If undefined, each case runs once. */
  readonly minutes: number | undefined;
  readonly runners: number;
  readonly onResult: (result: CaseResult) => void;
}

interface ScheduledCase {
  readonly one: FaultCase;
  readonly seed: number;
}

/**
 * Yields every case with the run's seed, and then more rounds with other seeds until the time is
 * up.
 */
function* schedule(cases: readonly FaultCase[], { seed, minutes }: RoundsOptions): Generator<ScheduledCase> {
  const random = new Random(seed);
  const until = monotonic() + (minutes ?? 0) * 60_000;
  for (const one of cases) yield { one, seed };
  for (let round = 1; monotonic() < until; round += 1) {
    const roundRandom = random.fork(`round ${round}`);
    for (const one of roundRandom.shuffled(cases)) {
      if (monotonic() >= until) return;
      yield { one, seed: roundRandom.seed };
    }
  }
}

/**
 * Runs the cases in several runners concurrently, and reports each result as soon as it is known.
 */
export const runRounds = async (
  resources: RunnerResources,
  cases: readonly FaultCase[],
  plan: RoundsOptions,
): Promise<CaseResult[]> => {
  const results: CaseResult[] = [];
  const scheduled = schedule(cases, plan);
  const began = monotonic();
  const runQueue = async (): Promise<void> => {
    await using runner = new CaseRunner(resources);
    for (const { one, seed } of scheduled) {
      const seconds = (monotonic() - began) / 1000;
      const isLate = results.length < cases.length && seconds > MAX_ROUND_SECONDS;
      const message = `the case was skipped because the round had already taken ${Math.round(seconds)} s`;
      const result = isLate
        ? createFailedResult(one, { seed, seconds: 0, folder: resources.folder, message })
        : await runner.run(one, seed);
      results.push(result);
      plan.onResult(result);
    }
  };
  await Promise.all(Array.from({ length: plan.runners }, runQueue));
  return results;
};
