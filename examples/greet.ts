import { Extension, type RunContext } from "joblib";
import * as z from "zod";

/** The smallest job that has a parameter, a progress and a result. */
export class Greet extends Extension("demo", {
  name: z.string().min(1).max(100).describe("who is greeted"),
}) {
  async run(_: unknown, { progress, signal }: RunContext) {
    signal.throwIfAborted(); // once the task is cancelled, timed out or lost
    progress(0.5, "half way");
    return { greeting: `Hello, ${this.name}!` };
  }
}
