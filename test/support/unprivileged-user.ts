import { spawnSync } from "node:child_process";

const USER_NAMES = ["postgres", "nobody"];

/**
 * Returns the user that runs the servers if the tests run as root, because PostgreSQL cannot run as
 * root. Returns undefined if the tests do not run as root.
 */
export function findUnprivilegedUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;

  for (const name of USER_NAMES) {
    const uid = readId("-u", name);
    const gid = readId("-g", name);
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new Error(`tests cannot run servers as root; create one of the users ${USER_NAMES.join(", ")}`);
}

function readId(flag: "-u" | "-g", name: string): number | undefined {
  const { status, stdout } = spawnSync("id", [flag, name], { encoding: "utf8" });
  return status === 0 ? Number(stdout.trim()) : undefined;
}
