import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { createToken } from "../../server/auth/create-token.ts";
import { spawnProcess } from "../support/processes.ts";
import { findPrograms } from "../support/programs.ts";
import { SECRET, serveForZnDraw } from "./servers.ts";
import { SCRIPTS } from "./zndraw-client.ts";

/**
 * Returns the path of a Python interpreter that has httpx. Debian's packages install the programs
 * `python3` and `httpx` in the same directory.
 */
const findPython = (): string => {
  const names = ["python3", "httpx"];
  return join(
    findPrograms({ names, aptPackage: "python3-httpx", directories: () => ["/usr/bin"] }),
    "python3",
  );
};

test("JoblibApi raises the exceptions that a JobManager expects, and waits for tasks", {
  timeout: 90_000,
}, async () => {
  await using server = await serveForZnDraw("jwt");
  const token = await createToken(SECRET, { sub: "mia", rooms: ["lab"] });
  const PYTHONPATH = dirname(SCRIPTS.exampleWorker);

  const calls = spawnProcess(findPython(), [SCRIPTS.apiCalls, server.url, token, "lab"], {
    env: { PYTHONPATH, PYTHONDONTWRITEBYTECODE: "1" },
  });

  expect({ ...(await calls.exit), stderr: calls.stderr() }).toEqual({ code: 0, signal: null, stderr: "" });
  const outcomes = calls.stdout().trim().split("\n");
  expect(outcomes.map((line) => JSON.parse(line))).toEqual([
    [201, null],
    ["ValueError", expect.stringContaining("different schema")],
    ["ValueError", expect.stringMatching(/; \/payload\/angle: .*number/)],
    ["KeyError", expect.stringContaining("public:modifiers:Rotate")],
    ["PermissionError", expect.any(String)],
    ["PermissionError", expect.any(String)],
    ["RuntimeError", expect.stringContaining("modifiers, selections, analysis")],
    [200, "wait=1"],
    [200, null],
    [200, null],
  ]);
});
