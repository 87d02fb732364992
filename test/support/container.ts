import { type SpawnedProcess, type SpawnOptions, spawnProcess } from "./processes.ts";

/**
 * Starts a program as a container runtime does: as process 1 in a separate PID namespace, with separate
 * mounts. Works only on Linux. If the tests do not run as root, the program also gets its own user
 * namespace. SIGKILL ends both `unshare` and the program.
 */
export function spawnInContainer(
  command: string,
  args: readonly string[] = [],
  options: SpawnOptions = {},
): SpawnedProcess {
  const asRoot = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
  const namespaces = [...asRoot, "--pid", "--mount", "--fork", "--mount-proc", "--kill-child"];
  return spawnProcess("unshare", [...namespaces, command, ...args], options);
}
