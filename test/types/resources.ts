import {
  type Job,
  JoblibClient,
  type OperationName,
  type StreamEvent,
  type SubmittedTask,
  type Task,
} from "../../sdk/index.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const expectTrue = <_ extends true>(): void => {};

/**
 * This function is only compiled and never runs. It compiles only if the types of the client's
 * resources accept these calls, and reject those that follow `@ts-expect-error`.
 */
export const useResources = async (): Promise<void> => {
  const client = new JoblibClient();

  const submitted = await client.tasks.submit("lab", "private:tests:Job", { payload: { n: 1 }, priority: 5 });
  expectTrue<Same<typeof submitted, SubmittedTask>>();
  // @ts-expect-error a priority is a number
  await client.tasks.submit("lab", "private:tests:Job", { priority: "high" });
  const task = await client.tasks.get(submitted.id, { wait: 30 });
  expectTrue<Same<typeof task, Task>>();
  // @ts-expect-error a conditional request may return no task; only `call` supports it
  await client.tasks.get(submitted.id, { ifNoneMatch: "etag" });
  const cancelled = await client.tasks.cancel(task.id);
  expectTrue<Same<typeof cancelled, Task>>();
  for await (const event of client.tasks.follow(task.id)) {
    expectTrue<Same<typeof event, StreamEvent<"followTask">>>();
  }

  const { items } = await client.jobs.list("lab", { limit: 10 });
  expectTrue<Same<typeof items, Job[]>>();
  // @ts-expect-error a job has a category and a name
  await client.jobs.register("lab", { schema: {} });
  await client.rooms.list();
  await client.workers.drain("w");
  const nothing = await client.workers.remove("w");
  expectTrue<Same<typeof nothing, void>>();

  // @ts-expect-error the operation does not exist
  const name: OperationName = "readTasks";
  void name;
};
