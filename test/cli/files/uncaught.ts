import { Extension } from "../../../sdk/extension.ts";

/** Leaves an error behind that nobody waits for, and never ends. */
export class Stray extends Extension("careless", {}) {
  async run() {
    void Promise.reject(new RangeError("left behind"));
    await new Promise(() => {});
  }
}
