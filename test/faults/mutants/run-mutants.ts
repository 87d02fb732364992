import { rmSync } from "node:fs";
import { startCluster } from "../cluster/cluster.ts";
import { OVERHEAD_SECONDS, type RunnerResources } from "../run/case-runner.ts";
import { withDeadline } from "../run/deadline.ts";
import { MAX_CASE_SECONDS, runCase } from "../run/run-case.ts";
import type { Mutant } from "./mutant.ts";
import { createMutantCopy } from "./mutant-copy.ts";
import { mutants } from "./mutants.ts";

/** The result of testing a mutant. */
export interface Finding {
  readonly line: string;
  readonly isFound: boolean;
}

const toMiss = ({ name, foundBy }: Mutant, why: string): Finding => ({
  isFound: false,
  line: `FAILED  mutant: ${name} was not found by ${foundBy.name}: ${why}`,
});

const runMutant = async (
  { services, folder }: RunnerResources,
  mutant: Mutant,
  seed: number,
): Promise<Finding> => {
  const root = createMutantCopy(mutant, folder);
  try {
    await using cluster = await startCluster(services, { ...mutant.foundBy.cluster, root });
    const { violations } = await runCase(mutant.foundBy, { cluster, seed, folder: root });
    const first = violations.find(({ invariant }) => mutant.invariants.includes(invariant));
    if (first !== undefined) {
      return { isFound: true, line: `ok      mutant: ${mutant.name} → ${first.invariant}: ${first.message}` };
    }
    return toMiss(mutant, violations.map(({ invariant, message }) => `${invariant}: ${message}`).join("; "));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
};

const runMutantInTime = async (
  resources: RunnerResources,
  mutant: Mutant,
  seed: number,
): Promise<Finding> => {
  const seconds = (mutant.foundBy.seconds ?? MAX_CASE_SECONDS) + OVERHEAD_SECONDS;
  try {
    return (
      (await withDeadline(runMutant(resources, mutant, seed), seconds)) ??
      toMiss(mutant, `the case did not end within ${seconds} s`)
    );
  } catch (error) {
    return toMiss(mutant, String(error));
  }
};

/** Runs the case of each mutant. In every run, the checker must find a violation. */
export const runMutants = async (
  resources: RunnerResources,
  { seed, onResult }: { readonly seed: number; readonly onResult: (finding: Finding) => void },
): Promise<void> => {
  const queue = [...mutants];
  const runQueue = async () => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift())
      onResult(await runMutantInTime(resources, mutant, seed));
  };
  await Promise.all([runQueue(), runQueue(), runQueue()]);
};
