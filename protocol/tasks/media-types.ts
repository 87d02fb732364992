import { matchesMediaType } from "./file.ts";

/** The media types of common file name extensions, and of formats in chemistry. */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  avif: "image/avif",
  cif: "chemical/x-cif",
  csv: "text/csv",
  gif: "image/gif",
  gz: "application/gzip",
  html: "text/html",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  json: "application/json",
  md: "text/markdown",
  mol: "chemical/x-mdl-molfile",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  ogg: "audio/ogg",
  pdb: "chemical/x-pdb",
  pdf: "application/pdf",
  png: "image/png",
  sdf: "chemical/x-mdl-sdfile",
  smi: "chemical/x-daylight-smiles",
  svg: "image/svg+xml",
  tar: "application/x-tar",
  tsv: "text/tab-separated-values",
  txt: "text/plain",
  wav: "audio/wav",
  webm: "video/webm",
  webp: "image/webp",
  xml: "application/xml",
  xyz: "chemical/x-xyz",
  zip: "application/zip",
};

export const DEFAULT_MEDIA_TYPE = "application/octet-stream";

/** Returns the media type for a file name, by its extension. */
export function getMediaType(name: string): string {
  // A name that starts with its only dot has no extension.
  const extension = /[^.]\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  return (Object.hasOwn(MEDIA_TYPES, extension) ? MEDIA_TYPES[extension] : undefined) ?? DEFAULT_MEDIA_TYPE;
}

/** Returns the known extensions, such as `.xyz`, of the files whose media type is in a range. */
export function listExtensions(range: string): readonly string[] {
  return Object.entries(MEDIA_TYPES)
    .filter(([, type]) => matchesMediaType(type, range))
    .map(([extension]) => `.${extension}`);
}
