import { Random } from "../../support/random.ts";
import { monotonic } from "../clock.ts";
import type { FaultCase } from "./fault-case.ts";
import { Lane, type LaneHome } from "./lane.ts";
import { unfinished, type Verdict } from "./run-case.ts";

/** Where case after case hangs, the rest is not waited for: the first round takes two minutes on two cores. */
const LONGEST_ROUND_SECONDS = 600;

/** How long, how wide, and from which seed. */
export interface RoundsPlan {
  readonly seed: number;
  /** Undefined: each case once. */
  readonly minutes: number | undefined;
  readonly lanes: number;
  readonly told: (verdict: Verdict) => void;
}

interface Turn {
  readonly one: FaultCase;
  readonly seed: number;
}

/** Every case with the run's own seed; in a soak, again and again, each round with another. */
function* turnsOf(cases: readonly FaultCase[], { seed, minutes }: RoundsPlan): Generator<Turn> {
  const random = new Random(seed);
  const until = monotonic() + (minutes ?? 0) * 60_000;
  for (const one of cases) yield { one, seed };
  for (let round = 1; monotonic() < until; round += 1) {
    const turn = random.fork(`round ${round}`);
    for (const one of turn.shuffled(cases)) {
      if (monotonic() >= until) return;
      yield { one, seed: turn.seed };
    }
  }
}

/** Runs the cases in lanes side by side, and tells each verdict as it comes. */
export const runRounds = async (
  home: LaneHome,
  cases: readonly FaultCase[],
  plan: RoundsPlan,
): Promise<Verdict[]> => {
  const verdicts: Verdict[] = [];
  const turns = turnsOf(cases, plan);
  const began = monotonic();
  const follow = async (): Promise<void> => {
    await using lane = new Lane(home);
    for (const { one, seed } of turns) {
      const seconds = (monotonic() - began) / 1000;
      const isLate = verdicts.length < cases.length && seconds > LONGEST_ROUND_SECONDS;
      const message = `it was not begun: the round had taken ${Math.round(seconds)} s`;
      const verdict = isLate
        ? unfinished(one, { seed, seconds: 0, folder: home.folder, message })
        : await lane.run(one, seed);
      verdicts.push(verdict);
      plan.told(verdict);
    }
  };
  await Promise.all(Array.from({ length: plan.lanes }, follow));
  return verdicts;
};
