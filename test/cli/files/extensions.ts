import * as z from "zod";
import { Extension, type RunContext } from "../../../sdk/extension/extension.ts";
import { FACTOR } from "./factor.ts";

export interface Bench {
  readonly made: number;
}

let made = 0;

/** The loader calls this function once each time it loads this file. */
export const context = async (): Promise<Bench> => {
  made += 1;
  return { made };
};

const unchanged = <Class>(Class: Class, _context: ClassDecoratorContext): Class => Class;

@unchanged
export class Multiply extends Extension("arithmetic", { by: z.number().default(1) }) {
  async run(bench: Bench, _: RunContext) {
    return { product: this.by * FACTOR, made: bench.made };
  }
}

export class Wait extends Extension("arithmetic", {}) {
  static readonly room = "waiting";

  async run(_: Bench, { signal }: RunContext) {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  }
}

/** This is not an extension, so it is ignored. */
export class Other {}
export default Multiply;
