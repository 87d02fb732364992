import { afterAll } from "vitest";
import { endLeftoverProcesses } from "./processes.ts";

// Setup files register their hooks first and vitest runs `afterAll` hooks in reverse order, so the test file cleans up before.
afterAll(async () => {
  const left = await endLeftoverProcesses();

  if (left.length > 0) throw new Error(`this test file left processes running:\n${left.join("\n")}`);
});
