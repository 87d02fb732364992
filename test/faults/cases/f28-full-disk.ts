import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createServerDirectory } from "../../support/server-directory.ts";
import { submit, submitSurely } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import type { Scene } from "../run/scene.ts";
import { settle } from "../run/settle.ts";

const SIZE_MB = 24;

const run = (command: string, args: readonly string[]): void => {
  const { status, stderr } = spawnSync(command, args, { encoding: "utf8", timeout: 10_000 });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${stderr}`);
};

/** A small disk of its own under PostgreSQL's tables; gone with the scene. */
const smallDisk = (scene: Scene): string => {
  const directory = createServerDirectory("disk");
  const { path, user } = directory;
  run("mount", [
    "-t",
    "tmpfs",
    "-o",
    `size=${SIZE_MB}m,uid=${user?.uid},gid=${user?.gid},mode=700`,
    "none",
    path,
  ]);
  scene.use({
    async [Symbol.asyncDispose]() {
      await scene.cluster.sql.query("alter table joblib.task set tablespace pg_default");
      await scene.cluster.sql.query("drop tablespace small");
      run("umount", ["-l", path]);
      directory.remove();
    },
  });
  return path;
};

/** The disk under the tasks is full: nothing is acknowledged that is not kept, and when there is room again, all goes on. */
export const fullDisk: FaultCase = {
  name: "F28 disk full",
  invariants: ["I1", "I16"],
  // The hand says nothing while the disk is full, and is not to be called dead for it.
  cluster: { own: ["postgres"], settings: { JOBLIB_WORKER_TIMEOUT_THRESHOLD: "30" } },
  async run(scene) {
    const path = smallDisk(scene);
    const { sql, databaseUrl } = scene.cluster;
    await sql.query(`create tablespace small location '${path}'`);
    await sql.query("alter table joblib.task set tablespace small");
    const hand = await scene.hand();
    const client = scene.client();
    await submitSurely(client, { token: "before" });

    const ballast = join(path, "ballast");
    const fill = () => {
      try {
        for (let size = 1; size <= SIZE_MB; size += 1)
          writeFileSync(ballast, Buffer.alloc(1 << 20), { flag: "a" });
      } catch {
        // Full, as it was to be.
      }
    };
    fill();
    scene.fault("disk full");
    const weight = "x".repeat(6000);
    const outcomes = [];
    for (let index = 0; index < 40; index += 1) {
      outcomes.push(
        await submit(client, { token: `full-${index}`, payload: { weight: `${weight}${index}` } }),
      );
    }
    const refused = outcomes.filter((one) => one.outcome === "unknown").length;
    scene.require(refused > 0, "case", `the disk of ${databaseUrl} was never full`);
    rmSync(ballast);
    await submitSurely(client, { token: "after" });
    for (let held = await hand.claim({ start: true }); held !== undefined; ) {
      await hand.insist({ f: "complete", held });
      held = await hand.claim({ start: true });
    }
    await settle(scene);
  },
};

/** Mounting takes root; elsewhere the case is left out, as the catalogue says. */
export const canFillDisk = process.platform === "linux" && process.getuid?.() === 0;
