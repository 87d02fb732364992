import * as z from "zod";
import { Extension, type RunContext } from "../../../sdk/index.ts";

/** Adds the numbers from 1 to `to`. */
export class Count extends Extension("tests", { to: z.number() }) {
  async run(start: number, { progress, log }: RunContext) {
    if (this.to < 0) throw new Error(`cannot count to ${this.to}`);
    progress(1, "done");
    log.warn({ to: this.to }, "counted");
    return start + (this.to * (this.to + 1)) / 2;
  }
}

export const context = () => 0;
