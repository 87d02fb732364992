import { describe, expect, test } from "vitest";
import * as z from "zod";
import * as z3 from "zod/v3";
import { JsonObject } from "../../protocol/index.ts";
import { UsageError, ValidationError } from "../../sdk/errors.ts";
import { Extension, getPayload, isExtensionClass } from "../../sdk/extension.ts";
import type { StandardSchema } from "../../sdk/standard-schema.ts";

describe("the schema of an extension", () => {
  test("of a zod 4 shape is what it takes: a field with a default is not required", () => {
    const { schema } = Extension("tests", { angle: z.number().default(0), axis: z.enum(["x", "y"]) });

    expect(schema).toMatchObject({
      type: "object",
      properties: { angle: { type: "number", default: 0 }, axis: { enum: ["x", "y"] } },
      required: ["axis"],
    });
    expect(schema).not.toHaveProperty("additionalProperties");
  });

  test("is never empty, and always the same", () => {
    const make = () => Extension("tests", z.object({ b: z.string(), a: z.array(z.number()).max(3) })).schema;

    expect(Object.keys(make()["properties"] ?? {})).toEqual(["b", "a"]);
    expect(JSON.stringify(make())).toBe(JSON.stringify(make()));
  });

  test("of a zod 3 class comes from zod-to-json-schema", () => {
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

  test("of another library comes by Standard JSON Schema", () => {
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
  ])("with %s is refused where it is written", (_, shape) => {
    expect(() => Extension("tests", shape)).toThrow(UsageError);
  });

  test("that is no object, or no schema at all, is refused", () => {
    expect(() => Extension("tests", z.string())).toThrow(/must be an object, not "string"/);
    expect(() => Extension("tests", z.unknown())).toThrow(/empty JSON Schema/);
    expect(() => Extension("no good", {})).toThrow(/a category is/);
  });
});

describe("an instance", () => {
  class Rotate extends Extension("tests", {
    angle: z.number().default(5),
    name: z.string().trim().optional(),
  }) {
    run() {}
  }

  test("has the output as fields that stay, and keeps the input as its payload", () => {
    const rotate = new Rotate({ name: " a " });

    expect({ ...rotate }).toEqual({ angle: 5, name: "a" });
    expect(() => Object.assign(rotate, { angle: 6 })).toThrow(TypeError);
    expect(getPayload(rotate)).toEqual({ name: " a " });
  });

  test("that does not fit says where", () => {
    const make = () => Reflect.construct(Rotate, [{ angle: "far" }]);

    expect(make).toThrow(ValidationError);
    expect(make).toThrow(/^Rotate: \/angle: /);
  });

  test("of an open schema cannot be given a method's name", () => {
    class Open extends Extension("tests", z.looseObject({})) {
      run() {}
    }

    expect(() => new Open({ run: "away" })).toThrow(/\/run: is a reserved name/);
  });

  test("its class is told from the base and from others", () => {
    expect([Rotate, Extension("tests"), class {}, {}, null].map(isExtensionClass)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});
