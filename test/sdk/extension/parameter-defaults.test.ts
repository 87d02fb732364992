import { describe, expect, test } from "vitest";
import * as z from "zod";
import { Extension } from "../../../sdk/extension/extension.ts";

/** Returns a value that bypasses the type check, because extension files also run without a type check. */
const untyped = (value: unknown): never => value as never;

describe("the default of a parameter", () => {
  test("the default of a parameter is rejected if it does not match the type of the parameter", () => {
    const make = () =>
      Extension("modifiers", { angle: z.number().default(untyped("x")).describe("degrees") });

    expect(make).toThrow(
      "the parameters of an extension in modifiers: the default of angle is invalid: Invalid input: expected number, received string",
    );
    expect(() => Extension("modifiers", { angle: z.number().min(6).default(0) })).toThrow(/default of angle/);
  });

  test.each([
    ["box.width", { box: z.object({ width: z.int().default(untyped(null)) }) }],
    ["box.width", { box: z.object({ width: z.int().min(1).default(0) }).optional() }],
    ["list.size", { list: z.array(z.object({ size: z.int().default(0.5) })) }],
    ["by", { by: z.record(z.string(), z.number().default(untyped("x"))) }],
    [
      "either.a",
      { either: z.union([z.string(), z.object({ a: z.int().default(untyped("x")) })]).nullable() },
    ],
    ["box.width", { box: z.object({ width: z.int().default(untyped("x")) }).prefault({}) }],
  ])("the default of a parameter is rejected at any depth: %s", (path, shape) => {
    expect(() => Extension("modifiers", shape)).toThrow(`the default of ${path} is invalid`);
  });

  test("the default of a parameter is accepted if it matches the type of the parameter, or the output type of a transform", () => {
    class Valid extends Extension("modifiers", {
      angle: z.number().max(360).default(90),
      axis: z.enum(["x", "y"]).default("x"),
      size: z.string().transform(Number).default(3),
      box: z.object({ width: z.number().default(1) }).default({ width: 2 }),
      later: z.array(z.number()).default(() => []),
    }) {
      run() {}
    }

    expect({ ...new Valid() }).toEqual({ angle: 90, axis: "x", size: 3, box: { width: 2 }, later: [] });
  });
});
