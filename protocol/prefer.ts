const MAX_HEADER = 1000;
const PREFERENCE = /(?:^|,)\s*wait\s*(?:=\s*(?:"(\d{1,9})"|(\d{1,9})))?\s*(?=[,;]|$)/i;

/**
 * The seconds of `Prefer: wait=N` (RFC 7240, section 4.3), or undefined where there is none that can be read.
 * The first of several counts, as section 2 has it; a malformed preference is ignored.
 */
export const parseWait = (header: string | readonly string[] | undefined): number | undefined => {
  const text = typeof header === "string" ? header : header?.join(",");
  if (text === undefined || text.length > MAX_HEADER) return undefined;
  const match = PREFERENCE.exec(text);
  const digits = match?.[1] ?? match?.[2];
  return digits === undefined ? undefined : Number(digits);
};

/** `wait=N`, for `Prefer` and for `Preference-Applied`. */
export const formatWait = (seconds: number): string => `wait=${seconds}`;
