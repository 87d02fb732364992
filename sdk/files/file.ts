import * as z from "zod";
import { FILE_KEYWORD, matchesMediaType, parseFileReference } from "../../protocol/index.ts";
import type { JobFile } from "./job-file.ts";
import { type FileSource, LocalFile, type LocalFileOptions } from "./local-file.ts";
import { createRemoteFile, RemoteFile } from "./remote-file.ts";

/** The limits of a file in a payload or result. */
export interface FileLimits {
  /** Allowed media types, such as `image/png` or `chemical/*`. Default: all. */
  readonly mediaTypes?: readonly string[] | undefined;
  /** Maximum size in bytes. Default: the limit of the server. */
  readonly maxSize?: number | undefined;
}

/** A file as a submitter passes it: a local file, or the reference of an uploaded one. */
export type FileInput = JobFile | string;

/** The zod type of a file. */
export type FileSchema = z.ZodType<JobFile, FileInput>;

interface FileTypeDef extends z.core.$ZodTypeDef {
  readonly type: "custom";
  readonly limits: FileLimits;
}

interface FileTypeInternals extends z.core.$ZodTypeInternals<JobFile, FileInput> {
  def: FileTypeDef;
}

interface FileType extends z.ZodType<JobFile, FileInput, FileTypeInternals> {}

/** Without the annotation, TypeScript would require one for the namespace of zod's assertion. */
const initType: (type: FileType, def: FileTypeDef) => void = z.ZodType.init;

/**
 * A separate zod type instead of `z.custom`, because methods such as `describe` copy a type with
 * its constructor, and would lose the JSON Schema.
 */
const FileType: z.core.$constructor<FileType, FileTypeDef> = z.core.$constructor("FileType", (type, def) => {
  initType(type, def);
  // Not `toJSONSchema`, for which zod does not process the types that `describe` has copied.
  type._zod.processJSONSchema = (_, json) => void Object.assign(json, toFileJsonSchema(def.limits));
  type._zod.parse = (payload) => {
    const input = payload.value;
    const message = findFault(input, def.limits);
    if (message !== undefined) payload.issues.push({ code: "custom", message, input, inst: type });
    else if (typeof input === "string") payload.value = createRemoteFile(input);
    return payload;
  };
});

/**
 * A local file for a payload or result. It is uploaded when the task is submitted or completed.
 * Throws `UsageError` if the path is not a file.
 *
 * @example
 * await jobs.submit(new Render({ trajectory: file("./md.xyz") }));
 */
export function file(source: FileSource, options?: LocalFileOptions): LocalFile;
/**
 * The zod type of a file in the parameters or the result of an extension. The worker gets a
 * `JobFile`.
 *
 * @example
 * class Render extends Extension("movies", { trajectory: file({ mediaTypes: ["chemical/*"] }) }) {}
 */
export function file(limits?: FileLimits): FileSchema;
export function file(
  first: FileSource | FileLimits = {},
  options?: LocalFileOptions,
): LocalFile | FileSchema {
  const isSource = typeof first === "string" || first instanceof Blob || first instanceof Uint8Array;
  return isSource ? new LocalFile(first, options) : new FileType({ type: "custom", limits: first });
}

function toFileJsonSchema({ mediaTypes, maxSize }: FileLimits) {
  const [only, ...others] = mediaTypes ?? [];
  const isOneType = only !== undefined && others.length === 0 && !only.includes("*");
  return {
    type: "string",
    format: "uri-reference",
    contentMediaType: isOneType ? only : "application/octet-stream",
    [FILE_KEYWORD]: {
      ...(mediaTypes !== undefined && { media_types: [...mediaTypes] }),
      ...(maxSize !== undefined && { max_size: maxSize }),
    },
  } as const;
}

/** Returns why a value is not an allowed file, or undefined if it is. */
function findFault(value: unknown, { mediaTypes, maxSize }: FileLimits): string | undefined {
  if (typeof value === "string" && parseFileReference(value) !== undefined) return undefined;
  if (value instanceof RemoteFile) return undefined;
  if (!(value instanceof LocalFile)) return "must be a file, or a reference such as files/<id>";
  const { name, size, mediaType } = value;
  if (mediaTypes !== undefined && !mediaTypes.some((pattern) => matchesMediaType(mediaType, pattern))) {
    return `${name} must have one of the media types ${mediaTypes.join(", ")}, not ${mediaType}`;
  }
  if (maxSize !== undefined && size > maxSize)
    return `${name} has ${size} bytes, but at most ${maxSize} are allowed`;
  return undefined;
}
