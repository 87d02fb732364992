import { statfsSync } from "node:fs";

/**
 * The `f_type` values (statfs(2)) of file systems that other machines or kernels may have mounted as well.
 */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, "nfs"],
  [0x517b, "smb"],
  [0xff534d42, "cifs"],
  [0xfe534d42, "smb2"],
  [0x01021997, "9p"],
  [0x65735546, "fuse"],
  [0x786f4256, "vboxsf"],
  [0x00c36400, "ceph"],
  [0x0bd00bd0, "lustre"],
  [0x47504653, "gpfs"],
  [0x19830326, "beegfs"],
  [0x01161970, "gfs2"],
  [0x7461636f, "ocfs2"],
  [0x5346414f, "afs"],
  [0x6b414653, "afs"],
  [0x73757245, "coda"],
]);

/**
 * Returns the type of the network file system that contains the path, such as `nfs`. Returns undefined for a
 * local file system, and on systems other than Linux.
 */
export function findNetworkFileSystem(
  path: string,
  statfs: (path: string) => { readonly type: number } = statfsSync,
): string | undefined {
  if (process.platform !== "linux") return undefined;
  // Converted to unsigned: Node.js may return the 32-bit number with a sign.
  return NETWORK_FILE_SYSTEMS.get(statfs(path).type >>> 0);
}
