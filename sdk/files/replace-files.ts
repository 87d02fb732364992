import { NotJsonError } from "../extension/json.ts";
import { LocalFile } from "./local-file.ts";

/** Uploads a file, and returns its reference. */
export type UploadFile = (file: LocalFile) => Promise<string>;

/** Maximum depth of a payload or result with files. A circular value reaches it as well. */
const MAX_DEPTH = 1000;

/**
 * Returns true if a payload or result contains a local file. It uses no recursion, because the value
 * may be circular or nested too deeply, which `toJson` reports.
 */
export function hasLocalFile(value: unknown): boolean {
  if (!isContainer(value)) return value instanceof LocalFile;
  // A set is iterated in insertion order, and includes values that are added meanwhile.
  const containers = new Set([value]);
  for (const container of containers) {
    for (const member of Object.values(container)) {
      if (member instanceof LocalFile) return true;
      if (isContainer(member)) containers.add(member);
    }
  }
  return false;
}

/**
 * Returns a copy of a payload or result in which each local file is replaced by its reference.
 * Throws `NotJsonError` if the value is circular or nested too deeply.
 */
export async function replaceLocalFiles(value: unknown, upload: UploadFile, depth = 0): Promise<unknown> {
  if (value instanceof LocalFile) return upload(value);
  if (!isContainer(value)) return value;
  if (depth > MAX_DEPTH) throw new NotJsonError("the value is circular or nested too deeply");
  const members: [string, unknown][] = [];
  for (const [name, member] of Object.entries(value)) {
    members.push([name, await replaceLocalFiles(member, upload, depth + 1)]);
  }
  return Array.isArray(value) ? members.map(([, item]) => item) : Object.fromEntries(members);
}

/** Returns true for arrays and plain objects. Other objects convert themselves to JSON. */
function isContainer(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Returns an upload function that uploads the same local file only once. */
export function uploadOnce(upload: UploadFile): UploadFile {
  const references = new Map<LocalFile, Promise<string>>();
  return (file) => {
    const reference = references.get(file) ?? upload(file);
    references.set(file, reference);
    return reference;
  };
}
