import { type AwaitedTask, JoblibClient, JobManager, type JsonValue, type TaskOf } from "../../sdk/index.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_ extends true>(): void => {};

/** As `joblib types` writes it. */
interface Jobs {
  "public:chemistry:Descriptors": { payload: { smiles: string; digits?: number }; result: { logp: number } };
  "private:lab:Ping": { payload: { loud?: boolean }; result: "pong" };
}

export const typed = async (): Promise<void> => {
  const jobs = new JobManager<unknown, Jobs>({ room: "lab" });

  const task = await jobs.submit("public:chemistry:Descriptors", { smiles: "CCO" }, { priority: 5 });
  holds<Same<typeof task, TaskOf<{ logp: number }>>>();
  const done = await jobs.client.awaitTask(task, { wait: 30 });
  holds<Same<typeof done, AwaitedTask<{ logp: number }>>>();
  if (done.status === "completed") holds<Same<typeof done.result, { logp: number }>>();
  else holds<Same<typeof done.result, null>>();
  // @ts-expect-error a task that may not be completed has no result yet
  done.result.logp;

  await jobs.submit("private:lab:Ping");
  await jobs.submit("private:lab:Ping", {}, { room: "office" });
  // @ts-expect-error its smiles must be given
  await jobs.submit("public:chemistry:Descriptors");
  // @ts-expect-error a smiles is a text
  await jobs.submit("public:chemistry:Descriptors", { smiles: 3 });
  // @ts-expect-error there is no such parameter
  await jobs.submit("public:chemistry:Descriptors", { smiles: "CCO", digit: 3 });
  // @ts-expect-error there is no such job
  await jobs.submit("public:chemistry:Descriptor", { smiles: "CCO" });
};

export const untyped = async (): Promise<void> => {
  const jobs = new JobManager();
  const task = await jobs.submit("public:any:Thing", { angle: 90, list: [1, "a", null] });
  const done = await jobs.client.awaitTask(task);
  if (done.status === "completed") holds<Same<typeof done.result, JsonValue>>();
  const byId = await new JoblibClient().awaitTask(task.id);
  holds<Same<typeof byId.result, JsonValue | null>>();
};

/** Two servers in one program have a table each. */
interface Others {
  "public:render:Frame": { payload: { at: number }; result: unknown };
}
export const two = async (): Promise<void> => {
  const here = new JobManager<unknown, Jobs>();
  const there = new JobManager<unknown, Others>({ url: "https://render.example" });
  await there.submit("public:render:Frame", { at: 3 });
  // @ts-expect-error that is the other server's job
  await here.submit("public:render:Frame", { at: 3 });
};
