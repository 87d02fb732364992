import { describe, expect, test } from "vitest";
import { getParameters, getUnsupportedNames } from "../../../cli/parameters/parameter.ts";
import { toFlag } from "../../../cli/parameters/pointer-flag.ts";
import { findMissing, readFlags } from "../../../cli/parameters/read-flags.ts";
import type { JsonObject } from "../../../protocol/json.ts";

const SCHEMA: JsonObject = {
  type: "object",
  properties: {
    angle: { type: "number" },
    max_steps: { type: "integer", default: 3 },
    loud: { type: "boolean" },
    axis: { enum: ["x", "y", 3, null] },
    label: { anyOf: [{ type: "string" }, { type: "null" }] },
    tags: { type: "array", items: { type: "string" } },
    points: { type: "array", items: { $ref: "#/$defs/Point" } },
    box: { allOf: [{ $ref: "#/$defs/Box" }], description: "where" },
    either: { type: ["number", "string"] },
    "strange name": { type: "string" },
    extra: {},
  },
  required: ["angle", "box"],
  $defs: {
    Point: { type: "object", properties: { x: { type: "number" } } },
    Box: {
      type: "object",
      properties: { size: { type: "number" }, unit: { enum: ["nm", "pm"] }, inner: { $ref: "#/$defs/Box" } },
      required: ["size"],
    },
  },
};
const addFile = (path: string, source: string) => `${source} ${path}`;
const parameters = getParameters(SCHEMA);
const readArguments = (args: readonly string[], base: JsonObject = {}) =>
  readFlags(args, { parameters, base, otherFlags: ["wait"], addFile });

describe("getParameters", () => {
  test("getParameters lists required members first, and the members of an object after the object", () => {
    expect(parameters.slice(0, 4).map(({ flag }) => flag)).toEqual(["angle", "box", "box.size", "box.unit"]);
    expect(parameters.find(({ flag }) => flag === "box.size")).toMatchObject({
      isRequired: true,
      kind: "number",
    });
    expect(parameters.find(({ flag }) => flag === "points")).toMatchObject({ isList: true, kind: "object" });
    expect(parameters.find(({ flag }) => flag === "label")).toMatchObject({ kind: "text" });
    expect(parameters.find(({ flag }) => flag === "either")).toMatchObject({ kind: "any" });
    expect(parameters.find(({ flag }) => flag === "extra")).toMatchObject({ kind: "any" });
    expect(getUnsupportedNames(SCHEMA)).toEqual(["strange name"]);
  });

  test("getParameters limits the number of parameters of a schema that is recursive or doubles at each level", () => {
    const doubling: JsonObject = {
      $defs: {
        A: {
          type: "object",
          properties: Object.fromEntries("abcdefghij".split("").map((name) => [name, { $ref: "#/$defs/A" }])),
        },
      },
      $ref: "#/$defs/A",
    };

    expect(getParameters(doubling).length).toBe(1000);
    expect(getParameters({ $ref: "#" })).toEqual([]);
    expect(
      getParameters({ $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } } }),
    ).toEqual([]);
  });
});

describe("readFlags", () => {
  test.each<[string[], JsonObject]>([
    [["--angle", "90"], { angle: 90 }],
    [["--angle=-1.5e3"], { angle: -1500 }],
    [["--angle", "-90"], { angle: -90 }],
    [["--angle", ".5"], { angle: 0.5 }],
    [["--loud"], { loud: true }],
    [["--no-loud"], { loud: false }],
    [["--loud=false"], { loud: false }],
    [["--max-steps", "4"], { max_steps: 4 }],
    [["--axis", "x"], { axis: "x" }],
    [["--axis", "3"], { axis: 3 }],
    [["--axis", "null"], { axis: null }],
    [["--label", "90"], { label: "90" }],
    [["--label=--loud"], { label: "--loud" }],
    [["--label", ""], { label: "" }],
    [["--tags", "a", "--tags", "[b]"], { tags: ["a", "[b]"] }],
    [["--points", '{"x":1}', "--points", '[{"x":2},{"x":3}]'], { points: [{ x: 1 }, { x: 2 }, { x: 3 }] }],
    [["--box.size", "3", "--box.unit", "nm"], { box: { size: 3, unit: "nm" } }],
    [["--box", '{"size":1}', "--box.unit", "pm"], { box: { size: 1, unit: "pm" } }],
    [["--box.inner.size", "3"], { box: { inner: { size: 3 } } }],
    [["--either", "3"], { either: 3 }],
    [["--either", "three"], { either: "three" }],
    [["--extra", '{"a":[1]}'], { extra: { a: [1] } }],
    [["--", "--angle", "1"], { angle: 1 }],
  ])("readFlags reads %j as %j", (args, payload) => {
    expect(readArguments(args)).toEqual(payload);
  });

  test("readFlags overrides members of the payload, and replaces lists", () => {
    expect(
      readArguments(["--angle", "1", "--tags", "b"], { angle: 0, tags: ["a"], box: { size: 3 } }),
    ).toEqual({
      ...{ angle: 1, tags: ["b"], box: { size: 3 } },
    });
  });

  test("readFlags sets a member that is called `constructor` on the payload, and does not change Object.prototype", () => {
    const unusual = getParameters({ properties: { __proto__x: {}, constructor: { type: "string" } } });

    expect(readFlags(["--constructor", "a"], { parameters: unusual, base: {}, addFile })).toEqual({
      constructor: "a",
    });
    expect(() =>
      readFlags(["--__proto__.polluted", "1"], { parameters: unusual, base: {}, addFile }),
    ).toThrow("unknown option");
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  test.each([
    [["--angel", "9"], 2, "unknown option '--angel' (Did you mean --angle?)"],
    [["--wiat"], 2, "unknown option '--wiat' (Did you mean --wait?)"],
    [["--nothing-like-it"], 2, "'--nothing-like-it'. Run the command with --help to list all options."],
    [["-x"], 2, "unknown option '-x'"],
    [["--angle"], 2, "--angle requires a value"],
    [
      ["--angle", "--loud"],
      2,
      "--angle requires a value. Pass a value that starts with a dash as --angle=--loud.",
    ],
    [["90"], 2, 'unexpected argument "90"'],
    [["--loud", "false"], 2, "Pass a boolean as --name, --no-name or --name=false."],
    [["--angle", "much"], 5, '--angle: must be a number, not "much"'],
    [["--angle", "0x10"], 5, "must be a number"],
    [["--angle", "Infinity"], 5, "must be a number"],
    [["--max_steps", "1.5"], 5, "must be an integer"],
    [["--max_steps", "12345678901234567890"], 5, "12345678901234567890 cannot be sent exactly"],
    [["--axis", "z"], 5, '--axis: must be one of x, y, 3, null, not "z"'],
    [["--loud=maybe"], 5, "must be true or false"],
    [["--box", "[1]"], 5, "must be a JSON object"],
    [["--points", "x"], 5, "must be a JSON object"],
  ])("readFlags rejects %j with exit code %i", (args, exitCode, message) => {
    expect(() => readArguments(args)).toThrow(
      expect.objectContaining({ exitCode, message: expect.stringContaining(message) }),
    );
  });
});

describe("findMissing", () => {
  const listMissingFlags = (payload: JsonObject) =>
    findMissing(parameters, payload).missing.map(({ flag }) => flag);

  test("findMissing returns missing required members, including those of required objects", () => {
    expect(listMissingFlags({})).toEqual(["angle", "box.size"]);
    expect(listMissingFlags({ angle: 1, box: {} })).toEqual(["box.size"]);
    expect(listMissingFlags({ angle: 0, box: { size: 1 } })).toEqual([]);
  });

  test("findMissing returns missing members of an optional object only if the object is present", () => {
    expect(listMissingFlags({ angle: 0, box: { size: 1, inner: {} } })).toEqual(["box.inner.size"]);
  });
});

test.each([
  ["/payload/angle", "--angle"],
  ["/payload/box/size", "--box.size"],
  ["/payload/tags/2", "--tags[2]"],
  ["/payload/points/0/x", "--points[0].x"],
  ["/payload/strange name", "strange name"],
  ["/payload", "the payload"],
])("toFlag converts %s to %s", (pointer, flag) => {
  expect(toFlag(pointer, parameters)).toBe(flag);
});
