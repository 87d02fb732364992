import { eventually } from "../../support/eventually.ts";
import type { Hand, Held } from "../clients/hand.ts";
import { submitSurely } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import type { Scene } from "../run/scene.ts";
import { settle } from "../run/settle.ts";

/** Another is at work on what was held before; whoever held it says its word all the same, and is refused. */
const comesTooLate = async (scene: Scene, earlier: Hand, held: Held): Promise<void> => {
  const other = await scene.hand("other", { server: 1 });
  const second = await other.claim({ start: true });
  if (second === undefined) throw new Error("the task was not offered again");
  for (const f of ["progress", "complete"] as const) {
    const told = await earlier.insist({ f, held });
    const isRefused = told.outcome === "fail" && told.problem === "task-lost";
    scene.require(isRefused, "I4", `a worker whose hold was over said "${f}" and was not refused`);
  }
  await other.insist({ f: "complete", held: second });
  await settle(scene);
};

const submitOne = (scene: Scene) =>
  submitSurely(scene.client(), { token: "t", options: { max_attempts: 3 } });

/** A worker without a sign of life is given up, and comes back with a result. */
export const silentWorker: FaultCase = {
  name: "F7 worker silent, and back with a result",
  invariants: ["I4", "I6"],
  async run(scene) {
    const silent = await scene.hand("silent", { server: 0, silent: true });
    const { id } = await submitOne(scene);
    const held = await silent.claim({ start: true });
    if (held === undefined) throw new Error("nothing was claimed");
    scene.fault("worker silent");
    const isPending = async () =>
      (await scene.cluster.sql.query("select status from joblib.task where id = $1", [id])).rows[0]
        ?.status === "pending";
    await eventually(isPending, Boolean, { timeoutMs: scene.sweepBarMs });
    await comesTooLate(scene, silent, held);
  },
};

/** A living worker gives a task back, and says that it is done nevertheless. */
export const forgetfulWorker: FaultCase = {
  name: "F7 task given back, and done all the same",
  invariants: ["I4", "I6"],
  async run(scene) {
    const forgetful = await scene.hand("forgetful", { server: 0 });
    await submitOne(scene);
    const held = await forgetful.claim();
    if (held === undefined) throw new Error("nothing was claimed");
    await forgetful.release([held.id]);
    scene.fault("task returned by its worker");
    await comesTooLate(scene, forgetful, held);
  },
};
