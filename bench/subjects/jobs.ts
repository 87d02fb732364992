import { Extension } from "joblib";
import * as z from "zod";
import type { Payload } from "./subject.ts";

/** The parameters of the benchmark's jobs. */
export const PayloadSchema = z.object({ i: z.number(), t: z.number(), note: z.string() });

/** A job that only reports its start. */
export class Noop extends Extension("bench", PayloadSchema) {
  async run(onTask: (payload: Payload) => void): Promise<void> {
    onTask(this);
  }
}
