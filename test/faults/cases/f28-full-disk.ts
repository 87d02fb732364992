import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createServerDirectory } from "../../support/server-directory.ts";
import { submit, submitWithRetry } from "../clients/submitter.ts";
import type { CaseContext } from "../run/case-context.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

const SIZE_MB = 24;

const runCommand = (command: string, args: readonly string[]): void => {
  const { status, stderr } = spawnSync(command, args, { encoding: "utf8", timeout: 10_000 });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${stderr}`);
};

/**
 * Mounts a small disk for a PostgreSQL tablespace and returns the disk's path. Unmounts the disk at
 * the end of the case.
 */
const mountSmallDisk = (context: CaseContext): string => {
  const directory = createServerDirectory("disk");
  const { path, user } = directory;
  runCommand("mount", [
    "-t",
    "tmpfs",
    "-o",
    `size=${SIZE_MB}m,uid=${user?.uid},gid=${user?.gid},mode=700`,
    "none",
    path,
  ]);
  context.use({
    async [Symbol.asyncDispose]() {
      await context.cluster.sql.query("alter table joblib.task set tablespace pg_default");
      await context.cluster.sql.query("drop tablespace small");
      runCommand("umount", ["-l", path]);
      directory.remove();
    },
  });
  return path;
};

/**
 * The disk with the table of tasks is full. A submit may be acknowledged only if its task is
 * stored, and submits must succeed again after disk space is freed.
 */
export const fullDisk: FaultCase = {
  name: "F28 the disk with the table of tasks is full",
  invariants: ["I1", "I16"],
  // The timeout is long, so that the worker is not declared dead while the disk is full.
  cluster: { own: ["postgres"], settings: { JOBLIB_WORKER_TIMEOUT_SECONDS: "30" } },
  async run(context) {
    const path = mountSmallDisk(context);
    const { sql, databaseUrl } = context.cluster;
    await sql.query(`create tablespace small location '${path}'`);
    await sql.query("alter table joblib.task set tablespace small");
    const manualWorker = await context.manualWorker();
    const client = context.client();
    await submitWithRetry(client, { token: "before" });

    const ballast = join(path, "ballast");
    const fill = () => {
      try {
        for (let size = 1; size <= SIZE_MB; size += 1)
          writeFileSync(ballast, Buffer.alloc(1 << 20), { flag: "a" });
      } catch {
        // The write fails when the disk is full, which is the purpose of this loop.
      }
    };
    fill();
    context.fault("disk full");
    const filler = "x".repeat(6000);
    const outcomes = [];
    for (let index = 0; index < 40; index += 1) {
      outcomes.push(
        await submit(client, { token: `full-${index}`, payload: { filler: `${filler}${index}` } }),
      );
    }
    const refused = outcomes.filter((one) => one.outcome === "unknown").length;
    context.require(refused > 0, "case", `the disk of ${databaseUrl} was never full`);
    rmSync(ballast);
    await submitWithRetry(client, { token: "after" });
    for (let lease = await manualWorker.claim({ start: true }); lease !== undefined; ) {
      await manualWorker.updateWithRetry({ operation: "complete", lease });
      lease = await manualWorker.claim({ start: true });
    }
    await waitForAllTasks(context);
  },
};

/** Only root on Linux can mount a disk. On other systems, the case is skipped. */
export const canFillDisk = process.platform === "linux" && process.getuid?.() === 0;
