import { eventually } from "../../support/eventually.ts";
import { submitSurely } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { settle } from "../run/settle.ts";

interface Variant {
  readonly name: string;
  /** Whether the other is done when the first one comes back. */
  readonly otherIsDone: boolean;
  /** Its connections die while it stands still. */
  readonly losesNetwork: boolean;
}

const variants: readonly Variant[] = [
  { name: "F6 worker paused, the other is done", otherIsDone: true, losesNetwork: false },
  { name: "F7 worker paused, the other is at work", otherIsDone: false, losesNetwork: false },
  { name: "F8 worker suspended with its network", otherIsDone: true, losesNetwork: true },
];

/** A worker stands still until it is given up, another takes its task, and it comes back with a result of its own. */
export const pausedWorkers: readonly FaultCase[] = variants.map(({ name, otherIsDone, losesNetwork }) => ({
  name,
  invariants: ["I4", "I5", "I6"],
  async run(scene) {
    const paused = await scene.workerProcess("paused", { concurrency: 1 });
    const options = { max_attempts: 3 };
    const payload = { ms: 400 };
    const { id } = await submitSurely(scene.client(), { token: "t", job: "Work", payload, options });
    const statusOf = async () => {
      const { rows } = await scene.cluster.sql.query("select status from joblib.task where id = $1", [id]);
      return rows[0]?.status;
    };
    await eventually(statusOf, (status) => status === "running", { timeoutMs: 10_000 });
    paused.pause();
    scene.fault("worker paused");
    if (losesNetwork) paused.link.program({ toClient: { blackHole: true }, toServer: { blackHole: true } });
    await eventually(statusOf, (status) => status === "pending", { timeoutMs: scene.sweepBarMs });

    const other = await scene.workerProcess("other", { server: 1, concurrency: 1 });
    const ended = other.process.waitForLine(new RegExp(`completed ${id}`), 20_000);
    await eventually(statusOf, (status) => status === "running" || status === "completed");
    if (otherIsDone) await ended;
    if (losesNetwork) {
      paused.link.cut();
      paused.link.heal();
    }
    paused.resume();
    await paused.process.waitForLine(new RegExp(`lost ${id}`), 20_000);
    await ended;
    await settle(scene);
  },
}));
