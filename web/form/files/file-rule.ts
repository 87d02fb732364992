import { isJsonObject } from "../../../protocol/json.ts";
import { FILE_KEYWORD, matchesMediaType } from "../../../protocol/tasks/file.ts";
import { DEFAULT_MEDIA_TYPE, getMediaType, listExtensions } from "../../../protocol/tasks/media-types.ts";
import { formatBytes } from "../../files/format-bytes.ts";
import type { FormSchema } from "../schema/form-schema.ts";

/** The limits in the keyword `x-joblib-file`. */
export interface FileRule {
  /** Allowed media types and ranges, such as `chemical/*`. Undefined allows all. */
  readonly mediaTypes: readonly string[] | undefined;
  /** Maximum size in bytes. */
  readonly maxSize: number | undefined;
}

/** Returns true if the values of a schema are references to files. */
export const isFileSchema = (schema: object | undefined): boolean =>
  schema !== undefined && Object.hasOwn(schema, FILE_KEYWORD);

/** Returns the limits of a file. The server rejects jobs whose keyword is malformed. */
export const getFileRule = (schema: FormSchema): FileRule => {
  const rule: unknown = schema[FILE_KEYWORD];
  const { media_types: types, max_size: maxSize } = isJsonObject(rule) ? rule : {};
  return {
    mediaTypes: Array.isArray(types) ? types.filter((type) => typeof type === "string") : undefined,
    maxSize: typeof maxSize === "number" ? maxSize : undefined,
  };
};

/**
 * Returns the media type with which a file is uploaded. The extension decides, as in the SDK,
 * because browsers do not know formats of chemistry. A file of an unknown type has the type of the
 * field if the field allows only one.
 */
export const chooseMediaType = (file: File, { mediaTypes = [] }: FileRule): string => {
  const known = getMediaType(file.name);
  if (known !== DEFAULT_MEDIA_TYPE) return known;
  if (file.type !== "") return file.type;
  const [only, ...others] = mediaTypes;
  const isOneType = only !== undefined && others.length === 0 && !only.includes("*");
  return isOneType ? only : DEFAULT_MEDIA_TYPE;
};

/** Returns why a file cannot be uploaded, or undefined if it can. */
export const findFileError = (
  { name, size }: { readonly name: string; readonly size: number },
  mediaType: string,
  { mediaTypes, maxSize }: FileRule,
): string | undefined => {
  if (mediaTypes !== undefined && !mediaTypes.some((range) => matchesMediaType(mediaType, range)))
    return `${name} has the media type ${mediaType}. Choose a file of the type ${mediaTypes.join(" or ")}.`;
  if (maxSize !== undefined && size > maxSize)
    return `${name} has ${formatBytes(size)}. Choose a file of at most ${formatBytes(maxSize)}.`;
  return undefined;
};

/**
 * Returns the value of the attribute `accept`. Contains extensions as well, because browsers do not
 * know all media types.
 */
export const getAccept = ({ mediaTypes }: FileRule): string | undefined =>
  mediaTypes?.flatMap((range) => [range, ...listExtensions(range)]).join(",");

/** Describes the limits, for example as `chemical/* · at most 10 MB`. */
export const describeRule = ({ mediaTypes, maxSize }: FileRule): string =>
  [
    ...(mediaTypes === undefined ? [] : [mediaTypes.join(", ")]),
    ...(maxSize === undefined ? [] : [`at most ${formatBytes(maxSize)}`]),
  ].join(" · ");
