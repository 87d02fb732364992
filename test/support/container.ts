import { type SpawnedProcess, type SpawnOptions, spawnProcess } from "./processes.ts";

/**
 * Starts a program like a container runtime: as process 1 in a separate PID namespace, with separate mounts. Linux only. If the
 * tests do not run as root, the program also gets a user namespace. SIGKILL ends the program together with `unshare`.
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
