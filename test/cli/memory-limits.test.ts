import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test, vi } from "vitest";
import { limitMemory, type RestartableProcess } from "../../cli/memory-limits.ts";
import { spawnProcess } from "../support/processes.ts";

const aProcess = (more: Partial<RestartableProcess> = {}) => {
  const execve = vi.fn<NonNullable<RestartableProcess["execve"]>>();
  const own: RestartableProcess = {
    argv: ["/bin/node", "/bin/joblib.js", "serve", "--port", "0"],
    execArgv: ["--enable-source-maps"],
    execPath: "/bin/node",
    env: { HOME: "/root" },
    platform: "linux",
    execve,
    ...more,
  };
  return { own, execve };
};

test("a server begins anew with a bounded young generation, and all that it was given", () => {
  const { own, execve } = aProcess();

  limitMemory(own);

  const [path, args, env] = execve.mock.calls[0] ?? [];
  expect(path).toBe("/bin/node");
  expect(args?.[1]).toMatch(/^--max-semi-space-size=\d+$/);
  expect(args?.[2]).toMatch(/^--initial-old-space-size=\d+$/);
  expect(args?.[3]).toMatch(/^--heap-growing-percent=\d+$/);
  expect(args?.slice(4)).toEqual(["--enable-source-maps", "/bin/joblib.js", "serve", "--port", "0"]);
  expect(env).toEqual({ HOME: "/root" });
});

test.each([
  ["another command", { argv: ["/bin/node", "/bin/joblib.js", "tasks", "status", "serve"] }],
  ["the second time", { execArgv: ["--max-semi-space-size=8"] }],
  ["whoever has said otherwise", { env: { NODE_OPTIONS: "--max-semi-space-size=64" } }],
  ["Windows", { platform: "win32" }],
] as const)("%s goes on as it is", (_, more) => {
  const { own, execve } = aProcess(more as Partial<RestartableProcess>);

  limitMemory(own);

  expect(execve).not.toHaveBeenCalled();
});

test.runIf(process.platform === "linux")("it is the same process, and heeds the same signals", async () => {
  const data = join(mkdtempSync(join(tmpdir(), "joblib-serve-")), "data");
  const bin = resolve(import.meta.dirname, "../../bin/joblib.js");
  const server = spawnProcess(process.execPath, [bin, "serve", "--port", "0", "--data-dir", data], {
    env: { NODE_OPTIONS: "" },
  });
  await server.waitForLine(/http:\/\/127\.0\.0\.1:\d+/, 60_000);

  expect(readFileSync(`/proc/${server.pid}/cmdline`, "utf8")).toContain("--max-semi-space-size=");
  server.kill("SIGTERM");
  expect((await server.exit).code).toBe(0);
});
