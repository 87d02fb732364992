/** Maximum length of a `Prefer` header, in characters. A longer header is ignored. */
const MAX_HEADER_LENGTH = 1000;
const WAIT = /(?:^|,)\s*wait\s*(?:=\s*(?:"(\d{1,9})"|(\d{1,9})))?\s*(?=[,;]|$)/i;
const RETURN = /(?:^|,)\s*return\s*=\s*"?(minimal|representation)"?\s*(?=[,;]|$)/i;

type Header = string | readonly string[] | undefined;

function toText(header: Header): string {
  const text = typeof header === "string" ? header : (header?.join(",") ?? "");
  return text.length > MAX_HEADER_LENGTH ? "" : text;
}

/**
 * Returns the seconds of `Prefer: wait=N` (RFC 7240, section 4.3), or undefined if the header
 * contains no valid `wait`. If the header contains several, the first one counts (section 2).
 * Malformed preferences are ignored.
 */
export function parseWait(header: Header): number | undefined {
  const match = WAIT.exec(toText(header));
  const digits = match?.[1] ?? match?.[2];
  return digits === undefined ? undefined : Number(digits);
}

/** Returns true for `Prefer: return=minimal` (RFC 7240, section 4.2). */
export function prefersMinimal(header: Header): boolean {
  return header !== undefined && RETURN.exec(toText(header))?.[1]?.toLowerCase() === "minimal";
}

/** The value of `Prefer` and `Preference-Applied` for a minimal response. */
export const MINIMAL = "return=minimal";

/** Returns the value of a `Prefer` header. The value is empty if there are no preferences. */
export function formatPreferences({
  wait = 0,
  returns,
}: {
  readonly wait?: number | undefined;
  readonly returns?: "minimal" | undefined;
}): string {
  const parts = [...(wait > 0 ? [formatWait(wait)] : []), ...(returns === undefined ? [] : [MINIMAL])];
  return parts.join(", ");
}

/** Returns `wait=N`, the value of `Prefer` and `Preference-Applied` for a long poll. */
export function formatWait(seconds: number): string {
  return `wait=${seconds}`;
}
