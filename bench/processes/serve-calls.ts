import type { Calls, Reply, Request } from "./process.ts";

const toErrorText = (error: unknown) =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

/** Serves the calls of the parent process, and exits when the parent process ends. */
export const serveCalls = (calls: Calls): void => {
  const send = (reply: Reply) => void process.send?.(reply);
  process.on("disconnect", () => process.exit());
  process.on("message", async ({ id, name, argument }: Request) => {
    try {
      const call: ((argument: never) => unknown) | undefined = calls[name];
      if (call === undefined) throw new Error(`unknown call ${name}`);
      send({ id, value: await call(argument as never) });
    } catch (error) {
      send({ id, error: toErrorText(error) });
    }
  });
  send({ id: 0, value: "up" });
};
