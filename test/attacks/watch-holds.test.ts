import { expect, onTestFinished, test } from "vitest";
import { sleep } from "../faults/clock.ts";
import { spawnProcess } from "../support/processes.ts";
import { watchHolds } from "./watch-holds.ts";

/** Starts a program under the watch, and waits until it is ready. */
const watched = async (program: string) => {
  const watch = watchHolds();
  onTestFinished(() => watch[Symbol.dispose]());
  const child = spawnProcess(process.execPath, ["-e", program], { env: watch.env });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await child.exit;
  });
  await child.waitForLine(/ready/);
  return { watch, child };
};
const IDLE = `setInterval(() => {}, 1000); console.log("ready")`;

test("a loop that computes for too long is held, for as long as it computes", async () => {
  const began = Date.now();
  const { watch, child } = await watched(
    `${IDLE}; setTimeout(() => {
      const cpu = () => { const { user, system } = process.threadCpuUsage(); return (user + system) / 1000; };
      for (const until = cpu() + 300; cpu() < until; );
      setTimeout(() => console.log("done"), 50);
    }, 50)`,
  );
  await child.waitForLine(/done/);

  expect(watch.longestSince(began)).toBeGreaterThan(250);
  expect(watch.longestSince(Date.now())).toBe(0);
});

test("a process that was given no processor holds nothing", async () => {
  const { watch, child } = await watched(IDLE);
  await sleep(100);
  const began = Date.now();
  child.kill("SIGSTOP");
  await sleep(600);
  child.kill("SIGCONT");
  await sleep(100);

  expect(watch.longestSince(began)).toBe(0);
});
