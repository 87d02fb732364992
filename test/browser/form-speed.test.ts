import { afterAll, beforeAll, expect, test } from "vitest";
import { FormPages } from "./form/form-page.ts";

const FIELDS = 200;
const ROUNDS = 9;
/**
 * Maximum CPU time of the form, as a multiple of the CPU time of plain inputs. A multiple does not
 * depend on the machine, because a slow machine increases both times.
 */
const MAX_RATIO = 4;

const KINDS: ((index: number) => object)[] = [
  () => ({ type: "string", default: "CCO" }),
  () => ({ type: "number", minimum: 0, maximum: 10 }),
  (index) => ({ type: "integer", default: index, "x-unit": "steps" }),
  () => ({ type: "boolean" }),
  () => ({ enum: ["a", "b", "c", "d"], default: "b" }),
];

const SCHEMA = {
  type: "object",
  properties: Object.fromEntries(
    Array.from({ length: FIELDS }, (_, index) => [
      `field_${index}`,
      {
        title: `Field ${index}`,
        description: `Description of field ${index}`,
        ...KINDS[index % KINDS.length]?.(index),
      },
    ]),
  ),
};

interface Timing {
  readonly elapsed: number;
  readonly cpu: number;
}

const median = (timings: readonly Timing[], key: keyof Timing): number =>
  Math.round(
    timings.map((timing) => timing[key]).toSorted((a, b) => a - b)[Math.floor(timings.length / 2)] ?? 0,
  );

let pages: FormPages;

beforeAll(async () => {
  pages = await FormPages.start();
});

afterAll(() => pages[Symbol.asyncDispose]());

/**
 * Measures the built page from the mount to the end of the frame that shows the form. `elapsed` is
 * the elapsed time. `cpu` is the CPU time of the page's thread, which does not depend on the load
 * of the machine.
 */
test(`a form of ${FIELDS} fields takes at most ${MAX_RATIO} times the CPU time of plain inputs`, {
  timeout: 120_000,
}, async () => {
  const form = await pages.open();
  const plain: Timing[] = [];
  const whole: Timing[] = [];

  for (let round = 0; round < ROUNDS; round += 1) {
    plain.push(await form.measure());
    whole.push(await form.measure(SCHEMA));
  }

  console.log(
    `${FIELDS} fields: ${median(whole, "elapsed")} ms, CPU ${median(whole, "cpu")} ms; plain inputs: ${median(plain, "elapsed")} ms, CPU ${median(plain, "cpu")} ms`,
  );
  expect(median(whole, "cpu")).toBeLessThanOrEqual(MAX_RATIO * median(plain, "cpu"));
  expect(form.errors).toEqual([]);
});
