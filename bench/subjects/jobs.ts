import { Extension } from "joblib";
import * as z from "zod";
import type { Parcel } from "./subject.ts";

/** The parameters of the bench's jobs. */
export const ParcelSchema = z.object({ i: z.number(), t: z.number(), note: z.string() });

/** The job of most measurements: does nothing but tell that it begins. */
export class Noop extends Extension("bench", ParcelSchema) {
  async run(onTask: (parcel: Parcel) => void): Promise<void> {
    onTask(this);
  }
}
