import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/** Bytes that are hashed at once. Hashing them blocks the page for a few milliseconds. */
const SLICE_BYTES = 512 * 1024;

/**
 * Returns the SHA-256 of a content in hexadecimal. Does not use `crypto.subtle`, which needs the
 * whole content in memory, and which browsers do not define on pages loaded over plain HTTP.
 */
export const hashContent = async (content: Blob, signal: AbortSignal): Promise<string> => {
  const hash = sha256.create();
  for (let start = 0; start < content.size; start += SLICE_BYTES) {
    signal.throwIfAborted();
    hash.update(new Uint8Array(await content.slice(start, start + SLICE_BYTES).arrayBuffer()));
  }
  return bytesToHex(hash.digest());
};
