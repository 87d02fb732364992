import { type AwaitedTask, JoblibClient, JobManager, type JsonValue, type TaskOf } from "../../sdk/index.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const expectTrue = <_ extends true>(): void => {};

/** Types in the format of `joblib types`. */
interface Jobs {
  "public:chemistry:Descriptors": { payload: { smiles: string; digits?: number }; result: { logp: number } };
  "private:lab:Ping": { payload: { loud?: boolean }; result: "pong" };
}

export const submitTypedJobs = async (): Promise<void> => {
  const jobs = new JobManager<unknown, Jobs>({ room: "lab" });

  const task = await jobs.submit("public:chemistry:Descriptors", { smiles: "CCO" }, { priority: 5 });
  expectTrue<Same<typeof task, TaskOf<{ logp: number }>>>();
  const done = await jobs.client.awaitTask(task, { wait: 30 });
  expectTrue<Same<typeof done, AwaitedTask<{ logp: number }>>>();
  if (done.status === "completed") expectTrue<Same<typeof done.result, { logp: number }>>();
  else expectTrue<Same<typeof done.result, null>>();
  // @ts-expect-error a task has no result until it is completed
  done.result.logp;

  await jobs.submit("private:lab:Ping");
  await jobs.submit("private:lab:Ping", {}, { room: "office" });
  // @ts-expect-error smiles is required
  await jobs.submit("public:chemistry:Descriptors");
  // @ts-expect-error smiles is a string
  await jobs.submit("public:chemistry:Descriptors", { smiles: 3 });
  // @ts-expect-error the parameter does not exist
  await jobs.submit("public:chemistry:Descriptors", { smiles: "CCO", digit: 3 });
  // @ts-expect-error the job does not exist
  await jobs.submit("public:chemistry:Descriptor", { smiles: "CCO" });
};

export const submitUntypedJobs = async (): Promise<void> => {
  const jobs = new JobManager();
  const task = await jobs.submit("public:any:Thing", { angle: 90, list: [1, "a", null] });
  const done = await jobs.client.awaitTask(task);
  if (done.status === "completed") expectTrue<Same<typeof done.result, JsonValue>>();
  const byId = await new JoblibClient().awaitTask(task.id);
  expectTrue<Same<typeof byId.result, JsonValue | null>>();
};

/** The jobs of a second server in the same program. */
interface OtherJobs {
  "public:render:Frame": { payload: { at: number }; result: unknown };
}
export const submitToTwoServers = async (): Promise<void> => {
  const first = new JobManager<unknown, Jobs>();
  const second = new JobManager<unknown, OtherJobs>({ url: "https://render.example" });
  await second.submit("public:render:Frame", { at: 3 });
  // @ts-expect-error the job belongs to the other server
  await first.submit("public:render:Frame", { at: 3 });
};
