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

test("the results table shows a result as one line with the computed weight, the literature weight and the rule of five", () => {
  const table = renderResults([ASPIRIN]);

  expect(table.split("\n")).toEqual([
    "molecule              MW g/mol  literature   delta   logP  TPSA Å²  rule of five",
    "--------------------  --------  ----------  ------  -----  -------  --------------------------------",
    "aspirin                 180.16      180.16    0.00   1.31    63.60  passes",
  ]);
});

test("the results table lists the exceeded limits of the rule of five, and the rule passes if only one limit is exceeded", () => {
  const one = renderResults([{ ...ASPIRIN, violations: ["logP"] }]);
  const three = renderResults([{ ...ASPIRIN, violations: ["weight", "donors", "acceptors"] }]);

  expect(one).toMatch(/passes except logP$/);
  expect(three).toMatch(/fails weight, donors, acceptors$/);
});

test("the results table shows no delta for a weight without a literature value", () => {
  expect(renderResults([{ ...ASPIRIN, literatureWeight: undefined }])).toMatch(/180\.16 +- +- +1\.31/);
});

test("the delta between the computed weight and the literature weight is printed with its sign", () => {
  expect(renderResults([{ ...ASPIRIN, literatureWeight: 180.11 }])).toContain(" +0.05 ");
  expect(renderResults([{ ...ASPIRIN, literatureWeight: 180.21 }])).toContain(" -0.05 ");
});

test("the delta is the difference of the two weights as they are printed", () => {
  const table = renderResults([{ ...ASPIRIN, weight: 297.7451, literatureWeight: 297.74 }]);

  expect(table).toContain(" 297.75      297.74   +0.01 ");
});

test("no line of the results table is longer than 100 columns, even with a long name", () => {
  const wide = { ...ASPIRIN, name: "n".repeat(300), violations: ["weight", "logP", "donors", "acceptors"] };

  const lines = renderResults([wide]).split("\n");

  expect(Math.max(...lines.map((line) => line.length))).toBe(100);
});
