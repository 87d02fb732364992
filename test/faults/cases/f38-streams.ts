import { isTerminal, JoblibClient } from "../../../sdk/index.ts";
import { submitWithRetry } from "../clients/submitter.ts";
import { sleep } from "../clock.ts";
import type { CaseContext } from "../run/case-context.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

const LINES = 40;
const TIMEOUT_MS = 30_000;

/**
 * Everything that one client received from a task's stream: the numbers of the log lines, the
 * progress fractions, and the last status.
 */
interface StreamContents {
  readonly lines: number[];
  readonly fractions: number[];
  status: string;
}

const followTask = async (
  context: CaseContext,
  taskId: string,
  signal: AbortSignal,
): Promise<StreamContents> => {
  const retry = { attempts: 1000, baseSeconds: 0.05, maxSeconds: 0.3, deadlineSeconds: 60 };
  const client = new JoblibClient({ url: context.node(0).server.url, retry });
  const contents: StreamContents = { lines: [], fractions: [], status: "" };
  for await (const { event, data } of client.follow("followTask", { task_id: taskId }, { signal })) {
    if (event === "log") contents.lines.push(...data.items.map(({ number }) => number));
    else {
      contents.fractions.push(data.progress?.fraction ?? 0);
      contents.status = data.status;
      if (isTerminal(data.status)) return contents;
    }
  }
  return contents;
};

/**
 * Streams of a task are cut by idle timeouts and in the middle of a line, and the streams' server
 * is killed. Each client must receive every log line exactly once.
 */
export const cutStreams: FaultCase = {
  name: "F38 the streams of a task are cut and their server is killed",
  invariants: ["I8"],
  async run(context) {
    const { server } = context.node(0);
    const manualWorker = await context.manualWorker("worker", { server: 1 });
    const { id } = await submitWithRetry(context.client("submitter", { server: 1 }), { token: "t" });
    const lease = await manualWorker.claim({ start: true });
    if (lease === undefined) throw new Error("nothing was claimed");
    const random = context.random.fork("link");
    server.proxy.setFaults(() => ({
      idleCutMs: 400,
      ...(random.chance(0.7) && { toClient: { cutAfterBytes: random.integer(200, 4000) } }),
    }));
    const timeout = new AbortController();
    const followers = Promise.all([1, 2, 3].map(() => followTask(context, id, timeout.signal)));
    const worker = new JoblibClient({ url: context.node(1).server.directUrl });
    for (let number = 0; number < LINES; number += 1) {
      await worker.call("updateTask", {
        params: { task_id: id },
        body: {
          ...{
            worker_id: manualWorker.workerId,
            attempt: lease.attempt,
            progress: { fraction: (number + 1) / LINES },
          },
          log: [{ number, text: `line ${number} of the log` }],
        },
      });
      if (number % 10 === 9) server.proxy.cut();
      if (number === LINES / 2) {
        await server.stop("SIGKILL");
        await server.start();
        context.fault("server killed during streams");
      }
      await context.pause(random.between(20, 120));
    }
    context.fault("streams cut");
    await manualWorker.updateWithRetry({ operation: "complete", lease });
    const late = sleep(TIMEOUT_MS, timeout.signal).then(() =>
      timeout.abort(new Error("the streams did not deliver the task's end")),
    );
    for (const { lines, fractions, status } of await followers) {
      const isWhole = lines.length === LINES && lines.every((number, index) => number === index);
      context.require(isWhole, "I8", `a stream delivered the lines ${lines.join(" ")} of ${LINES}`);
      const isForward = fractions.every((fraction, index) => fraction >= (fractions[index - 1] ?? 0));
      context.require(isForward, "I8", `the progress in a stream decreased: ${fractions.join(" ")}`);
      context.require(status === "completed", "I8", `the last status in a stream was ${status}`);
    }
    timeout.abort();
    await late;
    await waitForAllTasks(context);
  },
};
