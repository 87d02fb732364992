import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Extension, type RunContext } from "joblib";
import * as z from "zod";

/** A script that runs if a page interprets a stored text as HTML. */
export const HOSTILE = `<img src="x" onerror="window.hacked = 'yes'"><script>window.hacked = 'yes'</script>`;

const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="120" height="60"><script>window.hacked = 'yes'</script><rect width="120" height="60" fill="#2a3cb4"/></svg>`;
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** Greets a person, and reports progress and a log line for each letter of the name. */
export class Greet extends Extension("browser", {
  name: z.string().min(2).max(40).describe("The name to greet"),
  shout: z.boolean().default(false).describe("In capitals"),
  times: z.int().min(1).max(5).default(1),
}) {
  static description = "Greets a person by name. Each letter takes a moment.";

  async run(_: unknown, { progress, log, signal }: RunContext) {
    for (let index = 0; index < this.name.length; index += 1) {
      progress((index + 1) / this.name.length, `letter ${index + 1}`);
      log.info({}, `said ${this.name[index]}`);
      // Waits long enough that a test on a busy machine sees the progress before the task ends.
      await delay(150, undefined, { signal });
    }
    const text = `hello ${this.name}`;
    return { greeting: (this.shout ? text.toUpperCase() : text).repeat(this.times) };
  }
}

/** Runs until it is aborted. */
export class Sleep extends Extension("browser", {}) {
  static description = "Keeps its worker busy until it is cancelled.";

  async run(_: unknown, { progress, signal }: RunContext) {
    progress(0.4, "sleeping");
    await delay(600_000, undefined, { signal });
  }
}

/**
 * Writes a story word by word, and ends it with a value and a text. Writes the last word only
 * after the file `gate` was created, so that a test can look at the page before.
 */
export class Tell extends Extension("browser", { end: z.string().default(HOSTILE), gate: z.string() }) {
  async *run(_: unknown, { signal }: RunContext) {
    for (let word = 1; word < 15; word += 1) yield `word ${word} `;
    while (!existsSync(this.gate)) await delay(50, undefined, { signal });
    yield "word 15 ";
    yield { words: 15 };
    yield this.end;
  }
}

const failedTasks = new Set<string>();

/** Fails on the first run and succeeds on the second. */
export class FailOnce extends Extension("browser", {}) {
  async run(_: unknown, { task }: RunContext) {
    if (failedTasks.has(task.id)) return { attempt: "second" };
    failedTasks.add(task.id);
    throw new Error("the first time never works");
  }
}

/** Returns results of several kinds. */
export class Show extends Extension("browser", {}) {
  async run() {
    return {
      svg: SVG,
      png: PNG,
      rows: [
        { molecule: "ethanol", weight: 46.07 },
        { molecule: "aspirin", weight: 180.16 },
      ],
      deep: { list: [1, [2, [3]]] },
    };
  }
}

/** An extension whose description, log, progress, errors and results contain HTML. */
export class Html extends Extension("browser", { text: z.string().default(HOSTILE).describe(HOSTILE) }) {
  static description = HOSTILE;

  async run(_: unknown, { log, progress }: RunContext) {
    progress(0.5, HOSTILE);
    log.info({}, HOSTILE);
    if (this.text === "fail") throw new Error(HOSTILE);
    return { [HOSTILE]: HOSTILE };
  }
}
