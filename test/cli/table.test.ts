import { describe, expect, test } from "vitest";
import { formatTable, getTextWidth, truncate } from "../../cli/table.ts";
import { formatDiff } from "../../cli/views/diff-view.ts";
import { duration } from "../../cli/views/duration.ts";
import { formatType } from "../../cli/views/schema-view.ts";

const asIs = (text: string) => text;

describe("a table", () => {
  const columns = [
    { heading: "ID", cell: ([id]: string[]) => id ?? "" },
    { heading: "TEXT", cell: ([, text]: string[]) => text ?? "", flexible: true },
  ];

  test("is aligned by what a terminal shows, wide characters included", () => {
    const text = formatTable(
      [
        ["漢字", "a"],
        ["x", "b"],
      ],
      columns,
      { width: undefined, heading: asIs },
    );

    expect(text.split("\n")).toEqual(["ID    TEXT", "漢字  a", "x     b"]);
  });

  test("cuts what is flexible, and a newline in a cell is no new line", () => {
    const text = formatTable([["x", `a\n${"b".repeat(50)}`]], columns, { width: 20, heading: asIs });

    expect(text.split("\n")).toHaveLength(2);
    expect(text.split("\n")[1]).toBe(`x   a\\n${"b".repeat(12)}…`);
  });

  test("measures combining marks and emoji as they look", () => {
    expect([getTextWidth("e\u0301"), getTextWidth("👨‍👩‍👧"), getTextWidth("abc")]).toEqual([1, 2, 3]);
    expect(truncate("漢字漢字", 5)).toBe("漢字…");
  });
});

describe("words", () => {
  test.each([
    [0, "0 ms"],
    [999, "999 ms"],
    [1234, "1.2 s"],
    [59_999, "1 min 0 s"],
    [123_000, "2 min 3 s"],
    [3_900_000, "1 h 5 min"],
  ])("%i ms is %s", (milliseconds, text) => {
    expect(duration(milliseconds)).toBe(text);
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
  ])("the type of %j is %s", (schema, text) => {
    expect(formatType(schema)).toBe(text);
  });

  test("a schema's difference names the properties", () => {
    expect(
      formatDiff([
        { op: "add", path: "/properties/axis", value: { type: "string" } },
        { op: "remove", path: "/properties/angle/default" },
        { op: "replace", path: "/properties/a~1b/type", value: "integer" },
        { op: "replace", path: "/result_schema", value: { type: "object" } },
      ]),
    ).toEqual([
      '  + axis is new here: {"type":"string"}',
      "  - angle: default is registered, and missing here",
      '  ~ a/b: type is "integer" here, and something else as registered',
      '  ~ the result is {"type":"object"} here, and something else as registered',
    ]);
  });
});
