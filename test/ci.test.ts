import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const STEPS = resolve(import.meta.dirname, "../.ci/steps.bash");
/**
 * A shell command that starts a process which CI must kill. The process ignores all signals except
 * SIGKILL, runs in its own session and keeps the output of the step open.
 */
const SIGNAL_IGNORING_PROCESS = `setsid bash -c 'trap "" TERM HUP INT; echo ignoring; while :; do sleep 1; done'`;

/**
 * Runs a script of CI steps, and waits until all its processes have closed their output. The limits
 * are in seconds: `stepLimit` for each step, `deadline` for all steps together.
 */
const runSteps = (steps: string, { stepLimit = 60, deadline = 60 } = {}) =>
  new Promise<{ code: number | null; text: string; lines: string[] }>((done, failed) => {
    const script = `set -u; LONGEST=${stepLimit} DEADLINE=${deadline} KILL_AFTER=1; . ${STEPS}\n${steps}\nfinish`;
    const child = spawn("bash", ["-c", script], { stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    child.once("error", failed);
    child.once("close", (code) => done({ code, text, lines: text.trimEnd().split("\n") }));
  });

test("CI prints the number of passed and failed steps in the last line, and exits with 1 if a step failed", async () => {
  const good = await runSteps("step echo fine");
  const bad = await runSteps("step echo fine\nstep false");

  expect([good.code, good.lines.at(-1)]).toEqual([0, "1 passed, 0 failed"]);
  expect(good.lines).toContain("fine");
  expect([bad.code, bad.lines.at(-1)]).toEqual([1, "1 passed, 1 failed"]);
  expect(bad.lines).toContain("=== FAILED: false");
});

test("CI counts the tests that vitest and the fault suite report", async () => {
  const vitest = "step echo '      Tests  2 failed | 120 passed (122)'";
  const faults = "step echo '40 passed, 3 failed'";
  const add = (counter: string) =>
    `passed=$((passed + $(${counter} passed))); failed=$((failed + $(${counter} failed)))`;
  const { code, lines } = await runSteps([vitest, add("count_tests"), faults, add("count_cases")].join("\n"));

  expect([code, lines.at(-1)]).toEqual([1, "162 passed, 5 failed"]);
});

test("CI reports a step as failed if the step hangs, ignores signals and has children in other sessions", async () => {
  const hung = `step bash -c "trap '' TERM; ${SIGNAL_IGNORING_PROCESS.replaceAll('"', '\\"')} & wait; sleep 60"`;
  const { code, text, lines } = await runSteps(`${hung}\nstep echo next`, { stepLimit: 1 });

  expect([code, lines.at(-1)]).toEqual([1, "1 passed, 1 failed"]);
  expect(text).toContain("did not end within 1 s");
  expect(text).toMatch(/killed a process that the step left running: bash/);
  expect(lines).toContain("next");
});

test("a process that is still running after its step has ended does not delay CI", async () => {
  const { code, text } = await runSteps(
    `step bash -c "${SIGNAL_IGNORING_PROCESS.replaceAll('"', '\\"')} & sleep 0.5"`,
  );

  expect(code).toBe(0);
  expect(text).toMatch(/killed a process that the step left running: bash/);
});

test("CI reports the steps that did not start before the deadline as failed", async () => {
  const { code, lines } = await runSteps("step sleep 30\nstep echo late", { deadline: 1 });

  expect([code, lines.at(-1)]).toEqual([1, "0 passed, 2 failed"]);
  expect(lines).not.toContain("late");
});
