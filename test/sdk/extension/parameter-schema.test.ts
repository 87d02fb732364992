import { describe, expect, test } from "vitest";
import * as z from "zod";
import * as z3 from "zod/v3";
import { JsonObject } from "../../../protocol/index.ts";
import { UsageError, ValidationError } from "../../../sdk/errors.ts";
import { Extension, getPayload, isExtensionClass } from "../../../sdk/extension/extension.ts";
import type { StandardSchema } from "../../../sdk/extension/standard-schema.ts";

describe("the JSON Schema of an extension", () => {
  test("the JSON Schema of an extension has the input type of a zod 4 shape: a field with a default is not required", () => {
    const { schema } = Extension("tests", { angle: z.number().default(0), axis: z.enum(["x", "y"]) });

    expect(schema).toMatchObject({
      type: "object",
      properties: { angle: { type: "number", default: 0 }, axis: { enum: ["x", "y"] } },
      required: ["axis"],
    });
    expect(schema).not.toHaveProperty("additionalProperties");
  });

  test("the JSON Schema of an extension contains all parameters in their order, and is the same each time it is created", () => {
    const make = () => Extension("tests", z.object({ b: z.string(), a: z.array(z.number()).max(3) })).schema;

    expect(Object.keys(make()["properties"] ?? {})).toEqual(["b", "a"]);
    expect(JSON.stringify(make())).toBe(JSON.stringify(make()));
  });

  test("the JSON Schema of an extension is created with zod-to-json-schema for a zod 3 schema", () => {
    const Old = Extension(
      "tests",
      z3.z.object({ depth: z3.z.number().int().default(2), name: z3.z.string() }),
    );

    expect(Old.schema).toMatchObject({
      type: "object",
      properties: { depth: { type: "integer", default: 2 }, name: { type: "string" } },
      required: ["name"],
    });
  });

  test("the JSON Schema of an extension is created through the Standard JSON Schema interface if the schema is from another library", () => {
    const other = {
      "~standard": {
        version: 1,
        vendor: "other",
        validate: (value) =>
          JsonObject.safeParse(value).success
            ? { value: { size: 1 } }
            : { issues: [{ message: "no object", path: [{ key: "a/b" }] }] },
        jsonSchema: {
          input: ({ target }) => ({ type: "object", $comment: target }),
          output: () => ({ type: "object" }),
        },
      },
    } satisfies StandardSchema<{ size?: number }, { size: number }>;
    class Other extends Extension("tests", other) {
      run() {
        return this.size;
      }
    }

    expect(Other.schema).toEqual({ type: "object", $comment: "draft-2020-12" });
    expect(new Other({}).run()).toBe(1);
    expect(() => Reflect.construct(Other, [7])).toThrow("Other: /a~1b: no object");
  });

  test.each([
    ["a date", { when: z.date() }],
    ["a method's name", { run: z.string() }],
  ])("the JSON Schema of an extension is rejected with %s when the class is defined", (_, shape) => {
    expect(() => Extension("tests", shape)).toThrow(UsageError);
  });

  test("the JSON Schema of an extension is rejected if it is empty or does not describe an object", () => {
    expect(() => Extension("tests", z.string())).toThrow(/must be an object, not "string"/);
    expect(() => Extension("tests", z.unknown())).toThrow(/empty JSON Schema/);
    expect(() => Extension("no good", {})).toThrow(/is not a valid category/);
  });
});

describe("an instance of an extension", () => {
  class Rotate extends Extension("tests", {
    angle: z.number().default(5),
    name: z.string().trim().optional(),
  }) {
    run() {}
  }

  test("an instance of an extension has the parsed parameters as read-only fields, and the unparsed input as its payload", () => {
    const rotate = new Rotate({ name: " a " });

    expect({ ...rotate }).toEqual({ angle: 5, name: "a" });
    expect(() => Object.assign(rotate, { angle: 6 })).toThrow(TypeError);
    expect(getPayload(rotate)).toEqual({ name: " a " });
  });

  test("an instance of an extension reports the path of an invalid parameter", () => {
    const make = () => Reflect.construct(Rotate, [{ angle: "far" }]);

    expect(make).toThrow(ValidationError);
    expect(make).toThrow(/^Rotate: \/angle: /);
  });

  test("an instance of an extension rejects a parameter with the name of a method, although a loose schema accepts this parameter", () => {
    class Open extends Extension("tests", z.looseObject({})) {
      run() {}
    }

    expect(() => new Open({ run: "away" })).toThrow(/\/run: is a reserved name/);
  });

  test("isExtensionClass returns true for the class of an extension, and false for the base class and other classes", () => {
    expect([Rotate, Extension("tests"), class {}, {}, null].map(isExtensionClass)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});
