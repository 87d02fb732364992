import { eventually } from "../../support/eventually.ts";
import { submitWithRetry } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

interface Variant {
  readonly name: string;
  /** True if the other worker finishes the task before the paused worker resumes. */
  readonly otherIsDone: boolean;
  /** True if the connections of the paused worker are cut during the pause. */
  readonly losesNetwork: boolean;
}

const variants: readonly Variant[] = [
  {
    name: "F6 a paused worker resumes after another worker has finished its task",
    otherIsDone: true,
    losesNetwork: false,
  },
  {
    name: "F7 a paused worker resumes while another worker runs its task",
    otherIsDone: false,
    losesNetwork: false,
  },
  {
    name: "F8 a worker is paused and disconnected until another worker has finished its task",
    otherIsDone: true,
    losesNetwork: true,
  },
];

/**
 * A worker is paused until it is declared dead and another worker claims its task. Then the paused
 * worker resumes and sends its result.
 */
export const pausedWorkers: readonly FaultCase[] = variants.map(({ name, otherIsDone, losesNetwork }) => ({
  name,
  invariants: ["I4", "I5", "I6"],
  async run(context) {
    const paused = await context.workerProcess("paused", { concurrency: 1 });
    const options = { max_attempts: 3 };
    const payload = { ms: 400 };
    const { id } = await submitWithRetry(context.client(), { token: "t", job: "Work", payload, options });
    const readStatus = async () => {
      const { rows } = await context.cluster.sql.query("select status from joblib.task where id = $1", [id]);
      return rows[0]?.status;
    };
    await eventually(readStatus, (status) => status === "running", { timeoutMs: 10_000 });
    paused.pause();
    context.fault("worker paused");
    if (losesNetwork)
      paused.proxy.setFaults({ toClient: { blackHole: true }, toServer: { blackHole: true } });
    await eventually(readStatus, (status) => status === "pending", { timeoutMs: context.maxSweepDelayMs });

    const other = await context.workerProcess("other", { server: 1, concurrency: 1 });
    const ended = other.process.waitForLine(new RegExp(`completed ${id}`), 20_000);
    await eventually(readStatus, (status) => status === "running" || status === "completed");
    if (otherIsDone) await ended;
    if (losesNetwork) {
      paused.proxy.cut();
      paused.proxy.heal();
    }
    paused.resume();
    await paused.process.waitForLine(new RegExp(`lost ${id}`), 20_000);
    await ended;
    await waitForAllTasks(context);
  },
}));
