import { expect, test } from "vitest";
import { requireApplicable } from "./mutant-copy.ts";
import { mutants } from "./mutants.ts";

test.each(mutants)("the mutant “$name” can be applied to the build", (mutant) => {
  expect(() => requireApplicable(mutant)).not.toThrow();
});
