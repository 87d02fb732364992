import { JoblibClient } from "../../../sdk/index.ts";
import { submitWithRetry } from "../clients/submitter.ts";
import { sleep } from "../clock.ts";
import type { CaseContext } from "../run/case-context.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

const TIMEOUT_MS = 40_000;
const DURATION_MS = 4000;

/**
 * The output that one client received: the texts of the last attempt, and the status at the end.
 */
interface ReceivedOutput {
  readonly texts: string[];
  readonly status: string | undefined;
}

const readOutput = async (
  context: CaseContext,
  taskId: string,
  signal: AbortSignal,
): Promise<ReceivedOutput> => {
  const retry = { attempts: 1000, baseSeconds: 0.05, maxSeconds: 0.3, deadlineSeconds: 60 };
  const client = new JoblibClient({ url: context.node(0).server.url, retry });
  let texts: string[] = [];
  const onAttempt = () => {
    texts = [];
  };
  const parts = client.tasks.output(taskId, { signal, onAttempt });
  for (let next = await parts.next(); ; next = await parts.next()) {
    if (next.done === true) return { texts, status: next.value?.status };
    texts.push(String(next.value.value));
  }
};

/**
 * A task writes its output. Meanwhile the connections of its worker and of the readers are cut,
 * responses to appends are lost, and a server is killed. Each reader must receive every part once
 * and in order.
 */
export const cutOutputs: FaultCase = {
  name: "F38 the connections of an output are cut and its server is killed",
  invariants: ["I8"],
  async run(context) {
    const { server } = context.node(0);
    const worker = await context.workerProcess("worker", { server: 1 });
    const payload = { act: "output", ms: DURATION_MS };
    const { id } = await submitWithRetry(context.client("submitter", { server: 1 }), {
      ...{ token: "t", job: "Work", payload },
    });
    const random = context.random.fork("link");
    server.proxy.setFaults(() => ({
      ...(random.chance(0.7) && { toClient: { cutAfterBytes: random.integer(300, 6000) } }),
    }));
    const timeout = new AbortController();
    const readers = Promise.all([1, 2, 3].map(() => readOutput(context, id, timeout.signal)));
    for (let cut = 0; cut < 8; cut += 1) {
      await context.pause(DURATION_MS / 10);
      const trap = worker.proxy.trap({ request: /PATCH .*\/workers\/.*\/tasks/, action: "cut" });
      await Promise.race([trap.triggered, sleep(500)]);
      context.fault("response to an append lost");
      worker.proxy.cut();
      server.proxy.cut();
      if (cut === 4) {
        await server.stop("SIGKILL");
        await server.start();
        context.fault("server killed during outputs");
      }
    }
    const late = sleep(TIMEOUT_MS, timeout.signal).then(() =>
      timeout.abort(new Error("the streams did not deliver the end of the output")),
    );
    const outputs = await readers;
    const [{ parts } = { parts: 0 }] = (
      await context.cluster.sql.query(
        "select max(next)::int as parts from joblib.task_output where task_id = $1",
        [id],
      )
    ).rows;
    for (const { texts, status } of outputs) {
      const isWhole = texts.every((text, index) => text === `part ${index} `);
      context.require(
        isWhole && texts.length === parts,
        "I8",
        `a reader got ${texts.length} of ${parts} parts`,
      );
      context.require(status === "completed", "I8", `the output ended with the status ${status}`);
    }
    context.require(parts > 100, "I8", `the worker stored only ${parts} parts`);
    timeout.abort();
    await late;
    await waitForAllTasks(context);
  },
};
