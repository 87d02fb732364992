import { expect, test } from "vitest";
import { requirePlaces } from "./planted-copy.ts";
import { plants } from "./plants.ts";

test.each(plants)("$name has its place in the built product", (plant) => {
  expect(() => requirePlaces(plant)).not.toThrow();
});
