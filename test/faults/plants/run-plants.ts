import { rmSync } from "node:fs";
import { startCluster } from "../cluster/cluster.ts";
import type { LaneHome } from "../run/lane.ts";
import { runCase } from "../run/run-case.ts";
import type { Plant } from "./plant.ts";
import { plantedCopy } from "./planted-copy.ts";
import { plants } from "./plants.ts";

/** What became of a planted defect. */
export interface Finding {
  readonly line: string;
  readonly isFound: boolean;
}

const seek = async ({ services, folder }: LaneHome, plant: Plant, seed: number): Promise<Finding> => {
  const root = plantedCopy(plant, folder);
  try {
    await using cluster = await startCluster(services, { ...plant.shownBy.cluster, root });
    const verdict = await runCase(plant.shownBy, { cluster, seed, folder: root });
    const named = verdict.violations.filter(({ invariant }) => plant.invariants.includes(invariant));
    const [first] = named;
    if (first !== undefined) {
      return { isFound: true, line: `ok      planted: ${plant.name} → ${first.invariant}: ${first.message}` };
    }
    const others = verdict.violations.map(({ invariant, message }) => `${invariant}: ${message}`).join("; ");
    return {
      isFound: false,
      line: `FAILED  planted: ${plant.name} was not found by ${plant.shownBy.name} ${others}`,
    };
  } finally {
    rmSync(root, { recursive: true, force: true });
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
      told(await seek(home, plant, seed));
  };
  await Promise.all([follow(), follow(), follow()]);
};
