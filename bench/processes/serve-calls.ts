import type { Calls, Reply, Request } from "./process.ts";

const errorText = (error: unknown) =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

/** Makes this process answer its parent's calls, and end with it. */
export const answer = (calls: Calls): void => {
  const send = (reply: Reply) => void process.send?.(reply);
  process.on("disconnect", () => process.exit());
  process.on("message", async ({ id, name, argument }: Request) => {
    try {
      const call: ((argument: never) => unknown) | undefined = calls[name];
      if (call === undefined) throw new Error(`there is no call ${name}`);
      send({ id, value: await call(argument as never) });
    } catch (error) {
      send({ id, error: errorText(error) });
    }
  });
  send({ id: 0, value: "up" });
};
