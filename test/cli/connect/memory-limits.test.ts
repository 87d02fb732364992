import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test, vi } from "vitest";
import { limitMemory, type RestartableProcess } from "../../../cli/connect/memory-limits.ts";
import { spawnProcess } from "../../support/processes.ts";

const createProcess = (overrides: Partial<RestartableProcess> = {}) => {
  const execve = vi.fn<NonNullable<RestartableProcess["execve"]>>();
  const target: RestartableProcess = {
    argv: ["/bin/node", "/bin/joblib.js", "serve", "--port", "0"],
    execArgv: ["--enable-source-maps"],
    execPath: "/bin/node",
    env: { HOME: "/root" },
    platform: "linux",
    execve,
    ...overrides,
  };
  return { target, execve };
};

test("`joblib serve` restarts its process with memory limits, and keeps the arguments and the environment", () => {
  const { target, execve } = createProcess();

  limitMemory(target);

  const [path, args, env] = execve.mock.calls[0] ?? [];
  expect(path).toBe("/bin/node");
  expect(args?.[1]).toMatch(/^--max-semi-space-size=\d+$/);
  expect(args?.[2]).toMatch(/^--initial-old-space-size=\d+$/);
  expect(args?.[3]).toMatch(/^--heap-growing-percent=\d+$/);
  expect(args?.slice(4)).toEqual(["--enable-source-maps", "/bin/joblib.js", "serve", "--port", "0"]);
  expect(env).toEqual({ HOME: "/root" });
});

test.each([
  ["is another command", { argv: ["/bin/node", "/bin/joblib.js", "tasks", "status", "serve"] }],
  ["has already been restarted", { execArgv: ["--max-semi-space-size=8"] }],
  ["has a memory limit in NODE_OPTIONS", { env: { NODE_OPTIONS: "--max-semi-space-size=64" } }],
  ["runs on Windows", { platform: "win32" }],
] as const)("a process is not restarted if it %s", (_, overrides) => {
  const { target, execve } = createProcess(overrides as Partial<RestartableProcess>);

  limitMemory(target);

  expect(execve).not.toHaveBeenCalled();
});

test.runIf(process.platform === "linux")(
  "`joblib serve` keeps its process id and its signal handling after it restarts its process with memory limits",
  async () => {
    const data = join(mkdtempSync(join(tmpdir(), "joblib-serve-")), "data");
    const bin = resolve(import.meta.dirname, "../../../bin/joblib.js");
    const server = spawnProcess(process.execPath, [bin, "serve", "--port", "0", "--data-dir", data], {
      env: { NODE_OPTIONS: "" },
    });
    await server.waitForLine(/http:\/\/127\.0\.0\.1:\d+/, 60_000);

    expect(readFileSync(`/proc/${server.pid}/cmdline`, "utf8")).toContain("--max-semi-space-size=");
    server.kill("SIGTERM");
    expect((await server.exit).code).toBe(0);
  },
);
