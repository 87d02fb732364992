import { submitSurely } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import type { Scene } from "../run/scene.ts";
import { settle } from "../run/settle.ts";

const KILLS = 4;
const TASKS = 40;

const submitWork = async (scene: Scene): Promise<void> => {
  const client = scene.client();
  for (let index = 0; index < TASKS; index += 1) {
    const ms = scene.random.integer(5, 120);
    // Every fourth may be started once only.
    const options = { max_attempts: index % 4 === 0 ? 1 : 20 };
    await submitSurely(client, { token: `${index}`, job: "Work", payload: { ms }, options });
  }
};

/** Workers are killed at seeded moments: before a claim is answered, in the middle of a run, with the result on its way. */
export const killedWorker: FaultCase = {
  name: "F1 killed workers",
  invariants: ["I3", "I6", "I7"],
  async run(scene) {
    let worker = await scene.workerProcess("worker0", { concurrency: 4 });
    await submitWork(scene);
    for (let kill = 1; kill <= KILLS; kill += 1) {
      await scene.pause(scene.random.between(0, 250));
      await worker.kill(scene.sweepBarMs);
      worker = await scene.workerProcess(`worker${kill}`, { server: kill % 2, concurrency: 4 });
    }
    await settle(scene);
    scene.require((await worker.stop()) === 0, "I17", "a worker that was asked to stop did not exit with 0");
  },
};
