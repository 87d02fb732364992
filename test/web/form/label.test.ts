import { expect, test } from "vitest";
import { toLabel } from "../../../web/form/label.ts";

test.each([
  ["maxSteps", "Max steps"],
  ["max_steps", "Max steps"],
  ["smiles", "Smiles"],
  ["logP", "LogP"],
  ["SMILES", "SMILES"],
  ["http2-only", "Http2 only"],
  ["_", "_"],
  ["", ""],
])("the form shows the property %s with the label %s", (name, label) => {
  expect(toLabel(name)).toBe(label);
});
