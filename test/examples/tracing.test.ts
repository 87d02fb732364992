import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { spawnProcess } from "../support/processes.ts";

const ROOT = resolve(import.meta.dirname, "../..");

test("examples/tracing.ts prints one trace with the request and the spans of each attempt", {
  timeout: 60_000,
}, async () => {
  const example = spawnProcess(process.execPath, [join(ROOT, "examples/tracing.ts")], {
    env: { NODE_OPTIONS: "", VITEST: "" },
  });

  expect(await example.exit).toMatchObject({ code: 0 });
  const printed = example.stdout();
  const tree = printed.slice(printed.lastIndexOf("\nGET /area"));
  const names = tree.split("\n").map((line) => line.replace(/\s+\d.*/, ""));
  expect(names.slice(1, 5)).toEqual([
    "GET /area",
    "   └─ submit private:geometry:Area",
    "      └─ joblib.submit",
    "      └─ run private:geometry:Area",
  ]);
  expect(names.filter((name) => name === "         └─ integrate")).toHaveLength(2);
  expect(tree).toContain("RangeError: it did not converge");
  expect(printed).toContain("the task is completed: { area: 12.566370614359172 }");
});
