import { MAX_LINES_PER_ATTEMPT } from "../../../protocol/index.ts";
import { eventually } from "../../support/eventually.ts";
import { submitMany, submitSurely } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { settle } from "../run/settle.ts";

/** A task that holds the worker's event loop: no beat comes, the hold is lost, and the worker learns it. */
export const blockedWorker: FaultCase = {
  name: "F31 worker's event loop blocked",
  invariants: ["I3", "I7"],
  async run(scene) {
    const blocked = await scene.workerProcess("blocked", { concurrency: 1 });
    const payload = { act: "block", ms: scene.thresholdMs + 3000 };
    const { id } = await submitSurely(scene.client(), { token: "t", job: "Work", payload });
    scene.fault("event loop blocked");
    await blocked.process.waitForLine(new RegExp(`lost ${id}`), 20_000);
    await settle(scene);
  },
};

/** A task that ends every worker's process: it is given up after its attempts, and the others are done. */
export const poison: FaultCase = {
  name: "F35 poison task",
  invariants: ["I7"],
  async run(scene) {
    const client = scene.client();
    const first = await scene.workerProcess("worker0", { concurrency: 1 });
    const options = { max_attempts: 2, priority: 5 };
    const { id } = await submitSurely(client, {
      token: "poison",
      job: "Work",
      payload: { act: "exit" },
      options,
    });
    await submitMany(client, { prefix: "t", count: 5, job: "Work" });
    await first.process.exit;
    const second = await scene.workerProcess("worker1", { concurrency: 1 });
    await second.process.exit;
    scene.fault("workers killed by a task");
    await scene.workerProcess("worker2", { concurrency: 1 });
    await settle(scene);
    const { rows } = await scene.cluster.sql.query("select status, runs from joblib.task where id = $1", [
      id,
    ]);
    const isGivenUp = rows[0]?.status === "failed" && rows[0]?.runs === 2;
    scene.require(isGivenUp, "I7", `the poison task ended as ${JSON.stringify(rows[0])}`);
  },
};

/** A result that is too large, reports of progress a thousand times a second, and a log without end. */
export const talkativeWorker: FaultCase = {
  name: "F36 result too large, endless progress, endless log",
  invariants: ["I13"],
  async run(scene) {
    await scene.workerProcess("worker");
    const client = scene.client();
    const big = await submitSurely(client, { token: "big", job: "Work", payload: { act: "big" } });
    const loud = await submitSurely(client, {
      token: "loud",
      job: "Work",
      payload: { act: "report", ms: 1500 },
    });
    const wordy = await submitSurely(client, { token: "wordy", job: "Work", payload: { act: "log" } });
    scene.fault("large result");
    await settle(scene);
    const row = async (id: string) =>
      (await scene.cluster.sql.query("select status, error, version from joblib.task where id = $1", [id]))
        .rows[0];
    const [refused, heard] = [await row(big.id), await row(loud.id)];
    scene.require(refused?.status === "failed", "I13", `the large result ended as ${refused?.status}`);
    scene.require(/cannot be kept/.test(refused?.error ?? ""), "I16", `its error says ${refused?.error}`);
    scene.require(heard?.version < 600, "I13", `1500 reports were written ${heard?.version} times`);

    const { rows } = await scene.cluster.sql.query(
      "select count(*)::int as lines, max(number) as last from joblib.task_log where task_id = $1",
      [wordy.id],
    );
    const [{ lines, last } = { lines: 0, last: 0 }] = rows;
    const isBounded = lines > 0 && lines <= MAX_LINES_PER_ATTEMPT && last === MAX_LINES_PER_ATTEMPT - 1;
    scene.require(isBounded, "I13", `of 100,000 lines ${lines} were kept, to number ${last}`);
    scene.require((await row(wordy.id))?.status === "completed", "I13", "a task ended by its log");
  },
};

/** Somebody between worker and server cuts whatever is silent for a second. */
export const idleCuts: FaultCase = {
  name: "F38 silent connections cut",
  invariants: ["I8"],
  async run(scene) {
    const worker = await scene.workerProcess("worker", { concurrency: 2 });
    worker.link.program({ idleCutMs: 1000 });
    worker.link.cut();
    const client = scene.client();
    scene.fault("silent connections cut");
    for (let index = 0; index < 4; index += 1) {
      await scene.pause(1200);
      await submitSurely(client, { token: `${index}`, job: "Work", payload: { ms: 1500 } });
    }
    await settle(scene);
    const done = await eventually(
      async () =>
        (await scene.cluster.sql.query("select attempt from joblib.task where room_id = $1", [scene.room]))
          .rows,
      (rows) => rows.length === 4,
    );
    scene.require(done.length === 4, "I8", "tasks were not done behind a link that cuts what is silent");
  },
};
