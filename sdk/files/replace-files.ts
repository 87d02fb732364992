import { LocalFile } from "./local-file.ts";

/** Uploads a file, and returns its reference. */
export type UploadFile = (file: LocalFile) => Promise<string>;

/** Returns true if a payload or result contains a local file. */
export function hasLocalFile(value: unknown): boolean {
  if (value instanceof LocalFile) return true;
  return isContainer(value) && Object.values(value).some(hasLocalFile);
}

/** Returns a copy of a payload or result in which each local file is replaced by its reference. */
export async function replaceLocalFiles(value: unknown, upload: UploadFile): Promise<unknown> {
  if (value instanceof LocalFile) return upload(value);
  if (!isContainer(value)) return value;
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value) items.push(await replaceLocalFiles(item, upload));
    return items;
  }
  const members: [string, unknown][] = [];
  for (const [name, member] of Object.entries(value)) {
    members.push([name, await replaceLocalFiles(member, upload)]);
  }
  return Object.fromEntries(members);
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
