import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { findNetworkFileSystem } from "../../../server/storage/database/data-directory.ts";
import { spawnInContainer } from "../../support/container.ts";
import { spawnProcess } from "../../support/processes.ts";
import { findUnprivilegedUser } from "../../support/unprivileged-user.ts";

const LOCKER = new URL("./data-directory.locker.ts", import.meta.url).pathname;
const isLinux = process.platform === "linux";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "joblib-unusable-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
});

describe.runIf(isLinux)("unusable data directory", () => {
  test.each([
    ["a full disk", "size=64k", 'dd if=/dev/zero of="$1/ballast"', "the disk is full (ENOSPC)"],
    [
      "a read-only file system",
      "size=1m",
      'mount -o remount,ro "$1"',
      "it is on a read-only file system (EROFS)",
    ],
  ])("an unusable data directory causes an error that names the reason, %s", async (_, options, damage, reason) => {
    // The mount belongs to the mount namespace of the process, so it disappears when the process
    // ends.
    const script = `mount -t tmpfs -o ${options} none "$1"; ${damage} 2>/dev/null; exec "$2" "$3" "$1"`;
    const args = ["-c", script, "sh", directory, process.execPath, LOCKER];

    const locker = spawnInContainer("sh", args);

    expect((await locker.exit).code).not.toBe(0);
    expect(locker.stderr()).toContain(`The data directory ${directory} cannot be used: ${reason}.`);
  });

  test("an unusable data directory causes an error that names the reason, the missing permission", async () => {
    const user = findUnprivilegedUser();
    chmodSync(directory, 0o555);

    const locker = spawnProcess(process.execPath, [LOCKER, directory], { user });

    expect((await locker.exit).code).not.toBe(0);
    expect(locker.stderr()).toContain(
      `The data directory ${directory} cannot be used: this user has no permission to write to it (EACCES).`,
    );
    chmodSync(directory, 0o755);
  });
});

describe.runIf(isLinux)("network file system", () => {
  test.each([
    [0x6969, "nfs"],
    [0x65735546, "fuse"],
    // The type of CIFS as a signed 32-bit number, which Node.js returns on some systems.
    [0xff534d42 | 0, "cifs"],
  ])("a network file system with the type %i is recognized as %s", (type, name) => {
    expect(findNetworkFileSystem("/data", () => ({ type }))).toBe(name);
  });

  test("the directory of temporary files is not reported as a network file system", () => {
    expect(findNetworkFileSystem(directory)).toBeUndefined();
  });
});
