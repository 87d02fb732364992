import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { COMMAND_NAMES } from "../../cli/program.ts";
import { getTextWidth } from "../../cli/table.ts";
import { CASES, PROGRAM } from "./golden-cases.ts";
import { NOW } from "./golden-replies.ts";
import { type GoldenCase, goldenText, HELP } from "./golden-run.ts";

beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.parse(NOW) });
});
afterAll(() => {
  vi.useRealTimers();
});

/** What is pasted, or written to a file, is not broken by us: one line stays one line, and code is code. */
const UNBROKEN = new Set(["rooms invite", "types", "tasks export", "completion"]);

const golden = async (name: string, cases: readonly GoldenCase[]) => {
  const texts: string[] = [];
  for (const one of cases) {
    for (const mode of one.modes) {
      const { text, lines } = await goldenText(one, mode);
      texts.push(text);
      const isHelp = one.argv.includes("--help");
      if (mode !== 80 || (!isHelp && UNBROKEN.has(name))) continue;
      expect
        .soft(
          lines.filter((line) => getTextWidth(line) > 80),
          text.split("\n")[0],
        )
        .toEqual([]);
    }
  }
  await expect(`${texts.join("\n\n")}\n`).toMatchFileSnapshot(`./golden/${name.replaceAll(" ", "-")}.txt`);
};

test("every command has its golden output", () => {
  expect(Object.keys(CASES).toSorted()).toEqual([...COMMAND_NAMES].toSorted());
});

test("joblib", () => golden("joblib", PROGRAM));

test.each(COMMAND_NAMES)("joblib %s", (name) => {
  const help: GoldenCase = { argv: [...name.split(" "), "--help"], modes: HELP };
  return golden(name, [help, ...(CASES[name] ?? [])]);
});
