import { Extension, type RunContext } from "joblib";
import * as z from "zod";

/** A minimal job with a parameter, progress and a result. */
export class Greet extends Extension("demo", {
  name: z.string().min(1).max(100).describe("Name of the person to greet"),
}) {
  async run(_: unknown, { progress, signal }: RunContext) {
    signal.throwIfAborted(); // throws if the task was cancelled, timed out or lost
    progress(0.5, "half way");
    return { greeting: `Hello, ${this.name}!` };
  }
}
