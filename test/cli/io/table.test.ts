import { describe, expect, test } from "vitest";
import { formatTable } from "../../../cli/io/table.ts";
import { formatDiff } from "../../../cli/views/diff-view.ts";
import { formatType } from "../../../cli/views/schema-view.ts";
import { formatDuration } from "../../../protocol/time.ts";

const unchanged = (text: string) => text;

describe("tables", () => {
  const columns = [
    { heading: "ID", cell: ([id]: string[]) => id ?? "" },
    { heading: "TEXT", cell: ([, text]: string[]) => text ?? "", flexible: true },
  ];

  test("formatTable aligns columns by their width on a terminal, including wide characters", () => {
    const text = formatTable(
      [
        ["漢字", "a"],
        ["x", "b"],
      ],
      columns,
      { width: undefined, heading: unchanged },
    );

    expect(text.split("\n")).toEqual(["ID    TEXT", "漢字  a", "x     b"]);
  });

  test("formatTable truncates flexible columns, and escapes line breaks in cells", () => {
    const text = formatTable([["x", `a\n${"b".repeat(50)}`]], columns, { width: 20, heading: unchanged });

    expect(text.split("\n")).toHaveLength(2);
    expect(text.split("\n")[1]).toBe(`x   a\\n${"b".repeat(12)}…`);
  });
});

describe("formats", () => {
  test.each([
    [0, "0 ms"],
    [999, "999 ms"],
    [1234, "1.2 s"],
    [59_999, "1 min 0 s"],
    [123_000, "2 min 3 s"],
    [3_900_000, "1 h 5 min"],
  ])("the CLI formats %i ms as %s", (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  test.each([
    [{ type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER }, "integer ≥ 1"],
    [{ type: "array", items: { type: "string" } }, "string[]"],
    [{ anyOf: [{ type: "string" }, { type: "null" }] }, "string | null"],
    [{ enum: ["a", 1] }, '"a" | 1'],
    [{ $ref: "#/$defs/Atom" }, "Atom"],
    [{ type: ["string", "null"] }, "string | null"],
    [{}, "anything"],
    [false, "nothing"],
  ])("the CLI formats the schema %j as %s", (schema, text) => {
    expect(formatType(schema)).toBe(text);
  });

  test("the CLI formats a schema difference with the names of the properties", () => {
    expect(
      formatDiff([
        { op: "add", path: "/properties/axis", value: { type: "string" } },
        { op: "remove", path: "/properties/angle/default" },
        { op: "replace", path: "/properties/a~1b/type", value: "integer" },
        { op: "replace", path: "/result_schema", value: { type: "object" } },
      ]),
    ).toEqual([
      '  + axis: added, {"type":"string"}',
      "  - angle: default: removed",
      '  ~ a/b: type: changed to "integer"',
      '  ~ the result: changed to {"type":"object"}',
    ]);
  });
});
