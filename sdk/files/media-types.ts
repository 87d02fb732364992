import { extname } from "node:path";

/** The media types of common file name extensions, and of formats in chemistry. */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  cif: "chemical/x-cif",
  csv: "text/csv",
  gif: "image/gif",
  gz: "application/gzip",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  json: "application/json",
  md: "text/markdown",
  mol: "chemical/x-mdl-molfile",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  pdb: "chemical/x-pdb",
  pdf: "application/pdf",
  png: "image/png",
  sdf: "chemical/x-mdl-sdfile",
  smi: "chemical/x-daylight-smiles",
  svg: "image/svg+xml",
  tar: "application/x-tar",
  txt: "text/plain",
  wav: "audio/wav",
  webm: "video/webm",
  webp: "image/webp",
  xml: "application/xml",
  xyz: "chemical/x-xyz",
  zip: "application/zip",
};

const DEFAULT_MEDIA_TYPE = "application/octet-stream";

/** Returns the media type for a file name, by its extension. */
export function getMediaType(name: string): string {
  const extension = extname(name).slice(1).toLowerCase();
  return (Object.hasOwn(MEDIA_TYPES, extension) ? MEDIA_TYPES[extension] : undefined) ?? DEFAULT_MEDIA_TYPE;
}
