import { JoblibClient } from "joblib";
import { now } from "../clock.ts";
import { ROOM, type ServerAddress } from "../services/joblib-server.ts";
import { serveCalls } from "./serve-calls.ts";

let client: JoblibClient | undefined;

const getClient = (): JoblibClient => {
  if (client === undefined) throw new Error("`open` must be called first");
  return client;
};

/** The calls of a process that submits tasks and reads their output. */
const calls = {
  open(server: ServerAddress) {
    client = new JoblibClient(server);
  },

  /** Returns the milliseconds from the write of the first part of each task to its arrival. */
  async firstParts(count: number) {
    const { tasks } = getClient();
    const took: number[] = [];
    for (let i = 0; i < count; i += 1) {
      const task = await tasks.submit(ROOM, `private:bench:First`);
      for await (const { value } of tasks.output(task)) took.push(now() - Number(value));
    }
    return took;
  },

  /**
   * Reads the outputs of tasks that write for a number of seconds. Returns the received parts per
   * second.
   */
  async readStreams({ count, seconds }: { count: number; seconds: number }) {
    const { tasks } = getClient();
    const payload = { seconds };
    const submitted = await Promise.all(
      Array.from({ length: count }, () => tasks.submit(ROOM, `private:bench:Stream`, { payload })),
    );
    let parts = 0;
    let first: number | undefined;
    const read = async (id: string) => {
      for await (const _ of tasks.output(id)) {
        first ??= now();
        parts += 1;
      }
    };
    await Promise.all(submitted.map(({ id }) => read(id)));
    return { parts, perSecond: (parts * 1000) / (now() - (first ?? 0)) };
  },
};
export type OutputReadersCalls = typeof calls;

serveCalls(calls);
