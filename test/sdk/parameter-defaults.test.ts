import { describe, expect, test } from "vitest";
import * as z from "zod";
import { Extension } from "../../sdk/extension.ts";

/** What somebody has who runs a file that no compiler has seen. */
const untyped = (value: unknown): never => value as never;

describe("a default", () => {
  test("that its type refuses is told when the class is made", () => {
    const make = () =>
      Extension("modifiers", { angle: z.number().default(untyped("x")).describe("degrees") });

    expect(make).toThrow(
      "the parameters of an extension in modifiers: the default of angle does not fit: Invalid input: expected number, received string",
    );
    expect(() => Extension("modifiers", { angle: z.number().min(6).default(0) })).toThrow(/default of angle/);
  });

  test("that fits is taken, and so is one of the other side of a transform", () => {
    class Fits extends Extension("modifiers", {
      angle: z.number().max(360).default(90),
      axis: z.enum(["x", "y"]).default("x"),
      size: z.string().transform(Number).default(3),
      box: z.object({ width: z.number().default(1) }).default({ width: 2 }),
      later: z.array(z.number()).default(() => []),
    }) {
      run() {}
    }

    expect({ ...new Fits() }).toEqual({ angle: 90, axis: "x", size: 3, box: { width: 2 }, later: [] });
  });
});
