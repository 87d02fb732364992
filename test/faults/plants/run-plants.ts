import { rmSync } from "node:fs";
import { startCluster } from "../cluster/cluster.ts";
import { orLate } from "../run/deadline.ts";
import { AROUND_SECONDS, type LaneHome } from "../run/lane.ts";
import { LONGEST_SECONDS, runCase } from "../run/run-case.ts";
import type { Plant } from "./plant.ts";
import { plantedCopy } from "./planted-copy.ts";
import { plants } from "./plants.ts";

/** What became of a planted defect. */
export interface Finding {
  readonly line: string;
  readonly isFound: boolean;
}

const missed = ({ name, shownBy }: Plant, why: string): Finding => ({
  isFound: false,
  line: `FAILED  planted: ${name} was not found by ${shownBy.name}: ${why}`,
});

const seek = async ({ services, folder }: LaneHome, plant: Plant, seed: number): Promise<Finding> => {
  const root = plantedCopy(plant, folder);
  try {
    await using cluster = await startCluster(services, { ...plant.shownBy.cluster, root });
    const { violations } = await runCase(plant.shownBy, { cluster, seed, folder: root });
    const first = violations.find(({ invariant }) => plant.invariants.includes(invariant));
    if (first !== undefined) {
      return { isFound: true, line: `ok      planted: ${plant.name} → ${first.invariant}: ${first.message}` };
    }
    return missed(plant, violations.map(({ invariant, message }) => `${invariant}: ${message}`).join("; "));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
};

const seekInTime = async (home: LaneHome, plant: Plant, seed: number): Promise<Finding> => {
  const seconds = (plant.shownBy.seconds ?? LONGEST_SECONDS) + AROUND_SECONDS;
  try {
    return (await orLate(seek(home, plant, seed), seconds)) ?? missed(plant, `it hung for ${seconds} s`);
  } catch (error) {
    return missed(plant, String(error));
  }
};

/** Plants each defect in turn; the checker must go red for every one. */
export const runPlants = async (
  home: LaneHome,
  { seed, told }: { readonly seed: number; readonly told: (finding: Finding) => void },
): Promise<void> => {
  const left = [...plants];
  const follow = async () => {
    for (let plant = left.shift(); plant !== undefined; plant = left.shift())
      told(await seekInTime(home, plant, seed));
  };
  await Promise.all([follow(), follow(), follow()]);
};
