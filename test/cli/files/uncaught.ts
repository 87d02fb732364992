import { Extension } from "../../../sdk/extension/extension.ts";

/** Rejects a promise without a handler, and never ends. */
export class Uncaught extends Extension("careless", {}) {
  async run() {
    void Promise.reject(new RangeError("left behind"));
    await new Promise(() => {});
  }
}
