import * as z from "zod";
import { Extension, type RunContext } from "../../../sdk/extension.ts";
import { FACTOR } from "./factor.ts";

/** What `run` is given in these tests. */
export interface Bench {
  readonly made: number;
}

let made = 0;

/** Made once for each loading of this file. */
export const context = async (): Promise<Bench> => {
  made += 1;
  return { made };
};

const kept = <Class>(Class: Class, _context: ClassDecoratorContext): Class => Class;

@kept
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

/** No extension: it is left alone. */
export class Other {}
export default Multiply;
