import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { getTextWidth } from "../../cli/io/text-width.ts";
import { COMMAND_NAMES } from "../../cli/program.ts";
import { CASES, PROGRAM } from "./golden-cases.ts";
import { NOW } from "./golden-replies.ts";
import { type GoldenCase, recordCase, TERMINALS } from "./golden-run.ts";

beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.parse(NOW) });
});
afterAll(() => {
  vi.useRealTimers();
});

/** Commands whose output is not wrapped, because users paste it or write it to a file. */
const UNWRAPPED = new Set(["rooms invite", "types", "tasks export", "completion"]);

const expectRecorded = async (name: string, cases: readonly GoldenCase[]) => {
  const texts: string[] = [];
  for (const goldenCase of cases) {
    for (const mode of goldenCase.modes) {
      const { text, lines } = await recordCase(goldenCase, mode);
      texts.push(text);
      const isHelp = goldenCase.argv.includes("--help");
      if (mode !== 80 || (!isHelp && UNWRAPPED.has(name))) continue;
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

test("the output of every command is recorded", () => {
  expect(Object.keys(CASES).toSorted()).toEqual([...COMMAND_NAMES].toSorted());
});

test("`joblib` prints the recorded output", () => expectRecorded("joblib", PROGRAM));

test.each(COMMAND_NAMES)("`joblib %s` prints the recorded output", (name) => {
  const help: GoldenCase = { argv: [...name.split(" "), "--help"], modes: TERMINALS };
  return expectRecorded(name, [help, ...(CASES[name] ?? [])]);
});
