import type { TaskRecord } from "../../records.ts";

/** Returns the weak ETag of a task. It changes with every change of the row. */
export const getEntityTag = ({ version }: TaskRecord): string => `W/"${version}"`;

const TAG = /\s*(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")\s*(?:,|$)/gy;

/**
 * Returns true if `If-None-Match` is `*` or contains the ETag. Uses weak comparison (RFC 9110, sections
 * 8.8.3.2 and 13.1.2).
 */
export const matchesEntityTag = (header: string | undefined, tag: string): boolean => {
  if (header === undefined) return false;
  if (header.trim() === "*") return true;
  const opaque = tag.replace(/^W\//, "");
  for (const [, candidate] of header.matchAll(TAG)) if (candidate === opaque) return true;
  return false;
};
