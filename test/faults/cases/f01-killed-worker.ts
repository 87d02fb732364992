import { submitWithRetry } from "../clients/submitter.ts";
import type { CaseContext } from "../run/case-context.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

const KILLS = 4;
const TASKS = 40;

const submitWork = async (context: CaseContext): Promise<void> => {
  const client = context.client();
  for (let index = 0; index < TASKS; index += 1) {
    const ms = context.random.integer(5, 120);
    // Every fourth task may have only one attempt, so it fails if its worker is killed.
    const options = { max_attempts: index % 4 === 0 ? 1 : 20 };
    await submitWithRetry(client, { token: `${index}`, job: "Work", payload: { ms }, options });
  }
};

/**
 * Workers are killed at random moments: before the response to a claim arrives, in the middle of a
 * run, or while the worker sends a result.
 */
export const killedWorker: FaultCase = {
  name: "F1 workers are killed",
  invariants: ["I3", "I6", "I7"],
  async run(context) {
    let worker = await context.workerProcess("worker0", { concurrency: 4 });
    await submitWork(context);
    for (let kill = 1; kill <= KILLS; kill += 1) {
      await context.pause(context.random.between(0, 250));
      await worker.kill(context.maxSweepDelayMs);
      worker = await context.workerProcess(`worker${kill}`, { server: kill % 2, concurrency: 4 });
    }
    await waitForAllTasks(context);
    context.require((await worker.stop()) === 0, "I17", "a worker did not exit with 0 after SIGTERM");
  },
};
