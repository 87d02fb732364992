import { spawnSync } from "node:child_process";

/** The user that servers run as when the tests run as root, which PostgreSQL refuses; undefined for everybody else. */
export function findUnprivilegedUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;

  for (const name of ["postgres", "nobody"]) {
    const uid = readId("-u", name);
    const gid = readId("-g", name);
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new Error("running as root, and there is no user postgres or nobody to run servers as");
}

function readId(flag: "-u" | "-g", name: string): number | undefined {
  const { status, stdout } = spawnSync("id", [flag, name], { encoding: "utf8" });
  return status === 0 ? Number(stdout.trim()) : undefined;
}
