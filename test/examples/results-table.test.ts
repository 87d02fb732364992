import { expect, test } from "vitest";
import { type Result, renderResults } from "../../examples/results-table.ts";

const ASPIRIN: Result = {
  name: "aspirin",
  weight: 180.159,
  literatureWeight: 180.16,
  logP: 1.3101,
  tpsa: 63.6,
  violations: [],
};

test("a result is one line with the computed weight, the literature weight and the rule of five", () => {
  const table = renderResults([ASPIRIN]);

  expect(table.split("\n")).toEqual([
    "molecule              MW g/mol  literature   delta   logP  TPSA Å²  rule of five",
    "--------------------  --------  ----------  ------  -----  -------  --------------------------------",
    "aspirin                 180.16      180.16    0.00   1.31    63.60  passes",
  ]);
});

test("the rule of five lists the exceeded limits, and passes if only one limit is exceeded", () => {
  const one = renderResults([{ ...ASPIRIN, violations: ["logP"] }]);
  const three = renderResults([{ ...ASPIRIN, violations: ["weight", "donors", "acceptors"] }]);

  expect(one).toMatch(/passes except logP$/);
  expect(three).toMatch(/fails weight, donors, acceptors$/);
});

test("a weight without a literature value has no delta", () => {
  expect(renderResults([{ ...ASPIRIN, literatureWeight: undefined }])).toMatch(/180\.16 +- +- +1\.31/);
});

test("a delta has a sign", () => {
  expect(renderResults([{ ...ASPIRIN, literatureWeight: 180.11 }])).toContain(" +0.05 ");
  expect(renderResults([{ ...ASPIRIN, literatureWeight: 180.21 }])).toContain(" -0.05 ");
});

test("a delta is the difference of the printed weights", () => {
  const table = renderResults([{ ...ASPIRIN, weight: 297.7451, literatureWeight: 297.74 }]);

  expect(table).toContain(" 297.75      297.74   +0.01 ");
});

test("no line is longer than 100 columns, even with a long name", () => {
  const wide = { ...ASPIRIN, name: "n".repeat(300), violations: ["weight", "logP", "donors", "acceptors"] };

  const lines = renderResults([wide]).split("\n");

  expect(Math.max(...lines.map((line) => line.length))).toBe(100);
});
