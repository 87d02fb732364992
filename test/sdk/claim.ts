import * as z from "zod";
import type { ClaimedTask } from "../../sdk/claimed-task.ts";
import { Extension, type RunContext } from "../../sdk/extension.ts";
import { listeningLogger, startFake } from "./network.ts";

type Work = (run: RunContext, given: unknown) => unknown;

/** A worker of one job whose work each test says, and its next task. */
export const claim = async (
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
  const { logger, lines } = listeningLogger();
  const jobs = network.manager<unknown>({ logger }, "the manager's context");
  jobs.register(Job);
  await jobs.ready();
  const { id } = network.fake.submit("lab", "private:tests:Job", { payload: { ...payload } });
  const stream = jobs.listen();
  const task = await take(stream.next());
  return { ...network, id, jobs, stream, task, lines };
};

/** The task that a stream gives. */
export const take = async (next: Promise<IteratorResult<ClaimedTask, undefined>>): Promise<ClaimedTask> => {
  const { value } = await next;
  if (value === undefined) throw new Error("no task came");
  return value;
};

/** What the fake itself would have answered. */
export const passOn = (
  fake: ReturnType<typeof startFake>["fake"],
  request: Parameters<NonNullable<typeof fake.fakes.updateTask>>[0],
) => {
  const { updateTask } = fake.fakes;
  if (updateTask === undefined) throw new Error("the fake has no updateTask");
  return updateTask(request);
};
