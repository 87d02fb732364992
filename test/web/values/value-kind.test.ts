import { expect, test } from "vitest";
import { getValueKind } from "../../../web/values/value-kind.ts";

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk";

test.each([
  ["a data URL", "data:image/png;base64,AAAA", "data:image/png;base64,AAAA"],
  ["a PNG in base64", PNG, `data:image/png;base64,${PNG}`],
  [
    "a PNG in base64 with a line break",
    `${PNG.slice(0, 30)}\n${PNG.slice(30)}`,
    `data:image/png;base64,${PNG}`,
  ],
  ["an SVG", "<svg width='1'/>", "data:image/svg+xml;charset=utf-8,%3Csvg%20width%3D'1'%2F%3E"],
])("%s is displayed as an image with a data URL", (_, value, source) => {
  expect(getValueKind(value)).toEqual({ kind: "image", source });
});

test("an SVG is displayed as an image even if an XML declaration and a comment precede it", () => {
  const value = `<?xml version='1.0' encoding='utf-8'?>\n<!-- drawn by hand --><svg xmlns="http://www.w3.org/2000/svg"></svg>`;

  expect(getValueKind(value).kind).toBe("image");
});

test.each([
  "data:text/html,<script>alert(1)</script>",
  "javascript:alert(1)",
  "<svgx>",
  "text <svg></svg>",
  "iVBORw0KGgo is the start of a PNG",
  "",
])("%j is displayed as text", (text) => {
  expect(getValueKind(text)).toEqual({ kind: "text", text });
});

test("a list of flat objects is displayed as a table with the columns of all rows", () => {
  const rows = [
    { name: "ethanol", at: [1, 2, 3] },
    { name: "aspirin", weight: null },
  ];

  expect(getValueKind(rows)).toEqual({ kind: "table", rows, columns: ["name", "at", "weight"] });
});

test.each([
  ["an empty list", []],
  ["a list of numbers", [1, 2]],
  ["objects within objects", [{ a: { b: 1 } }]],
  ["an object without members", {}],
  [
    "a table that is too wide",
    [Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`c${index}`, 1]))],
  ],
  [
    "an object with more than 40 members",
    Object.fromEntries(Array.from({ length: 41 }, (_, index) => [`m${index}`, 1])),
  ],
])("%s is displayed as a tree", (_, value) => {
  expect(getValueKind(value)).toEqual({ kind: "tree" });
});
