import { eventually } from "../../support/eventually.ts";
import type { ManualWorker } from "../clients/manual-worker.ts";
import { submit, submitWithRetry } from "../clients/submitter.ts";
import type { TcpProxy } from "../proxy/tcp-proxy.ts";
import type { CaseContext } from "../run/case-context.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

const ROUNDS = 4;

/** Drops the response to the next request that matches a pattern while `work` runs. */
const dropResponse = async (
  context: CaseContext,
  proxy: TcpProxy,
  request: RegExp,
  work: () => Promise<void>,
) => {
  const trap = proxy.trap({ request, action: "cut" });
  await work();
  await trap.triggered;
  context.fault("response dropped");
};

/**
 * Claims until the worker gets the task. If the response to a claim was lost, the worker's next
 * heartbeat does not contain the task, and the server requeues the task.
 */
const claimWithRetry = (manualWorker: ManualWorker, id: string) =>
  eventually(
    async () => {
      const task = await manualWorker.claim();
      if (task === null || task === undefined) await manualWorker.heartbeat([]);
      return task;
    },
    (task) => task?.id === id,
    { timeoutMs: 8000, intervalMs: 100, what: "the claim" },
  );

/**
 * The server executes a submit, a claim, a start and a completion, but the response to each of them
 * is lost.
 */
export const lostResponses: FaultCase = {
  name: "F13 the server's responses are lost",
  invariants: ["I2", "I6"],
  async run(context) {
    const proxy = context.node(0).server.proxy;
    const client = context.client("client", { server: 0 });
    const manualWorker = await context.manualWorker("worker", { server: 0 });
    for (let round = 0; round < ROUNDS; round += 1) {
      let id = "";
      await dropResponse(context, proxy, /POST .*\/tasks\/private/, async () => {
        ({ id } = await submitWithRetry(client, { token: `${round}`, options: { max_attempts: 3 } }));
      });
      await dropResponse(context, proxy, /tasks\/claim/, async () => void (await manualWorker.claim()));
      const lease = await claimWithRetry(manualWorker, id);
      if (lease === undefined) continue;
      await dropResponse(
        context,
        proxy,
        /PATCH .*\/tasks\//,
        async () => void (await manualWorker.updateWithRetry({ operation: "start", lease })),
      );
      await dropResponse(context, proxy, /PATCH .*\/tasks\//, async () => {
        const done = await manualWorker.updateWithRetry({ operation: "complete", lease });
        context.require(done.outcome === "ok", "I6", "a repeated completion was refused");
      });
    }
    await waitForAllTasks(context);
  },
};

/**
 * The database's response to a commit is lost. The server must find out whether the database
 * committed, and then respond to its client without an error.
 */
export const lostCommitResponses: FaultCase = {
  name: "F13 the database's responses to commits are lost",
  invariants: ["I2", "I6"],
  async run(context) {
    const proxy = context.node(0).postgresProxy;
    const client = context.client("client", { server: 0 });
    const manualWorker = await context.manualWorker("worker", { server: 0, silent: true });
    const requireAnswer = async (
      what: string,
      request: RegExp,
      send: () => Promise<{ readonly outcome: string }>,
    ) => {
      await dropResponse(context, proxy, request, async () => {
        const { outcome } = await send();
        context.require(
          outcome === "ok",
          "I6",
          `${what} whose commit response was lost ended with ${outcome}`,
        );
      });
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      const token = `commit-${round}-${context.random.integer(0, 1e9)}`;
      await requireAnswer("a submit", new RegExp(token), () =>
        submit(client, { token, options: { max_attempts: 3 } }),
      );
      const { id } = await submitWithRetry(client, { token, options: { max_attempts: 3 } });
      await dropResponse(
        context,
        proxy,
        new RegExp(manualWorker.workerId),
        async () => void (await manualWorker.claim()),
      );
      const lease = await claimWithRetry(manualWorker, id);
      if (lease === undefined) continue;
      await requireAnswer("a start", new RegExp(id), () =>
        manualWorker.update({ operation: "start", lease }),
      );
      await requireAnswer("a completion", new RegExp(id), () =>
        manualWorker.update({ operation: "complete", lease }),
      );
    }
    await waitForAllTasks(context);
  },
};

/**
 * The responses to an SDK worker's completions are lost; the worker must repeat the completions.
 */
export const lostWorkerResponses: FaultCase = {
  name: "F13 the responses to an SDK worker are lost",
  invariants: ["I6"],
  async run(context) {
    const worker = await context.workerProcess("worker", { concurrency: 1 });
    const client = context.client();
    for (let round = 0; round < ROUNDS; round += 1) {
      const payload = { ms: 30 };
      await dropResponse(context, worker.proxy, /"status":"completed"/, async () => {
        await submitWithRetry(client, { token: `${round}`, job: "Work", payload });
      });
    }
    await waitForAllTasks(context);
  },
};
