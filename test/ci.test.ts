import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const STEPS = resolve(import.meta.dirname, "../.ci/steps.bash");
/** Deaf to every polite signal, in a session of its own, with the step's output in its hands. */
const DEAF = `setsid bash -c 'trap "" TERM HUP INT; echo deaf; while :; do sleep 1; done'`;

/** Runs CI's steps as a script, until nobody holds its output any more. */
const run = (steps: string, { longest = 60, deadline = 60 } = {}) =>
  new Promise<{ code: number | null; text: string; lines: string[] }>((done, failed) => {
    const script = `set -u; LONGEST=${longest} DEADLINE=${deadline} KILL_AFTER=1; . ${STEPS}\n${steps}\nfinish`;
    const child = spawn("bash", ["-c", script], { stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    child.once("error", failed);
    child.once("close", (code) => done({ code, text, lines: text.trimEnd().split("\n") }));
  });

test("CI's last line counts its steps, and its exit code says the same", async () => {
  const good = await run("step echo fine");
  const bad = await run("step echo fine\nstep false");

  expect([good.code, good.lines.at(-1)]).toEqual([0, "1 passed, 0 failed"]);
  expect(good.lines).toContain("fine");
  expect([bad.code, bad.lines.at(-1)]).toEqual([1, "1 passed, 1 failed"]);
  expect(bad.lines).toContain("=== FAILED: false");
});

test("CI counts what vitest and the fault suite say", async () => {
  const vitest = "step echo '      Tests  2 failed | 120 passed (122)'";
  const faults = "step echo '40 passed, 3 failed'";
  const add = (how: string) => `passed=$((passed + $(${how} passed))); failed=$((failed + $(${how} failed)))`;
  const { code, lines } = await run([vitest, add("count"), faults, add("told")].join("\n"));

  expect([code, lines.at(-1)]).toEqual([1, "162 passed, 5 failed"]);
});

test("a step that hangs, deaf to signals and with children in sessions of their own, is a failed step", async () => {
  const hung = `step bash -c "trap '' TERM; ${DEAF.replaceAll('"', '\\"')} & wait; sleep 60"`;
  const { code, text, lines } = await run(`${hung}\nstep echo next`, { longest: 1 });

  expect([code, lines.at(-1)]).toEqual([1, "1 passed, 1 failed"]);
  expect(text).toContain("was not over after 1 s");
  expect(text).toMatch(/left running, and ended: bash/);
  expect(lines).toContain("next");
});

test("what a step leaves behind holds nobody up", async () => {
  const { code, text } = await run(`step bash -c "${DEAF.replaceAll('"', '\\"')} & sleep 0.5"`);

  expect(code).toBe(0);
  expect(text).toMatch(/left running, and ended: bash/);
});

test("after the deadline the steps that are left are failed ones", async () => {
  const { code, lines } = await run("step sleep 30\nstep echo late", { deadline: 1 });

  expect([code, lines.at(-1)]).toEqual([1, "0 passed, 2 failed"]);
  expect(lines).not.toContain("late");
});
