import * as z from "zod";
import type { Task } from "../../../protocol/index.ts";
import { Extension, type RunContext } from "../../../sdk/extension/extension.ts";
import { JobRegistry } from "../../../sdk/extension/job-registry.ts";
import { JoblibClient } from "../../../sdk/http/client.ts";
import { silentLogger } from "../../../sdk/logger.ts";
import { ClaimedTask, type TaskEnvironment } from "../../../sdk/worker/claimed-task.ts";
import { WorkerSession } from "../../../sdk/worker/worker-session.ts";
import { aTask } from "../../cli/wire-values.ts";
import { createRecordingLogger, startFake, URL } from "../network.ts";

type Work = (run: RunContext, context: unknown) => unknown;

/**
 * Starts a worker with one job whose `run` method calls `work`, submits a task of this job and
 * claims the task.
 */
export const claimTask = async (
  work: Work,
  { payload = {}, result }: { payload?: object; result?: z.ZodType } = {},
) => {
  const network = startFake();
  class Job extends Extension(
    "tests",
    { size: z.number().optional() },
    result === undefined ? {} : { result },
  ) {
    run(context: unknown, run: RunContext) {
      return work(run, context);
    }
  }
  const { logger, lines } = createRecordingLogger();
  const jobs = network.createManager<unknown>({ logger }, "the manager's context");
  jobs.register(Job);
  await jobs.ready();
  const { id } = network.fake.submit("lab", "private:tests:Job", { payload: { ...payload } });
  const stream = jobs.listen();
  const task = await getTask(stream.next());
  return { ...network, id, jobs, stream, task, lines };
};

/** Returns the task that an iterator yields. */
export const getTask = async (
  next: Promise<IteratorResult<ClaimedTask, undefined>>,
): Promise<ClaimedTask> => {
  const { value } = await next;
  if (value === undefined) throw new Error("the stream has ended");
  return value;
};

/** Calls `updateTask` on the fake server. */
export const callFake = (
  fake: ReturnType<typeof startFake>["fake"],
  request: Parameters<NonNullable<typeof fake.fakes.updateTask>>[0],
) => {
  const { updateTask } = fake.fakes;
  if (updateTask === undefined) throw new Error("the fake has no updateTask");
  return updateTask(request);
};

/** Returns an environment that needs no server. Every update succeeds and changes nothing. */
export const createEnvironment = (): TaskEnvironment => ({
  updates: { deliver: async ({ currentTask }) => ({ ...(currentTask ?? aTask()) }) },
  logger: silentLogger,
  captureConsole: true,
  files: undefined,
  context: undefined,
  find: () => undefined,
  release: async () => {},
  onEnding: () => {},
  onSettled: () => {},
});

/** Creates a claimed task that needs no server. */
export const createClaimedTask = (fields: Partial<Task>): ClaimedTask =>
  new ClaimedTask({ ...aTask(), ...fields }, createEnvironment());

/** Creates a session that has not registered a worker with the server. */
export const createSession = (): WorkerSession =>
  new WorkerSession({
    client: new JoblibClient({ url: URL }),
    logger: silentLogger,
    registry: new JobRegistry<never>("lab"),
  });
