import { expect, onTestFinished, test } from "vitest";
import { sleep } from "../faults/clock.ts";
import { spawnProcess } from "../support/processes.ts";
import { watchEventLoop } from "./watch-event-loop.ts";

/** Starts a program whose event loop is measured, and waits until the program prints `ready`. */
const startWatched = async (program: string) => {
  const watch = watchEventLoop();
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

test("the event loop watch measures the CPU time for which a computation blocks the event loop", async () => {
  const began = Date.now();
  const { watch, child } = await startWatched(
    `${IDLE}; setTimeout(() => {
      const cpu = () => { const { user, system } = process.threadCpuUsage(); return (user + system) / 1000; };
      const began = cpu();
      while (cpu() < began + 300);
      const used = cpu() - began;
      setTimeout(() => console.log("used " + used), 50);
    }, 50)`,
  );
  const [, used] = await child.waitForLine(/used (.+)/);

  expect(watch.getLongestBlockMs(began)).toBeGreaterThan(0.8 * Number(used));
  expect(watch.getLongestBlockMs(Date.now())).toBe(0);
});

test("the event loop watch does not count the time in which the process was not scheduled", async () => {
  const { watch, child } = await startWatched(IDLE);
  await sleep(100);
  const began = Date.now();
  child.kill("SIGSTOP");
  await sleep(600);
  child.kill("SIGCONT");
  await sleep(100);

  expect(watch.getLongestBlockMs(began)).toBe(0);
});
