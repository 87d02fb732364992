import { afterAll } from "vitest";
import { endLeftoverProcesses } from "./processes.ts";

// vitest runs `afterAll` hooks in reverse order, and setup files register theirs first, so the test file
// cleans up before this hook.
afterAll(async () => {
  const left = await endLeftoverProcesses();

  if (left.length > 0) throw new Error(`this test file left processes running:\n${left.join("\n")}`);
});
