const MAX_HEADER = 1000;
const WAIT = /(?:^|,)\s*wait\s*(?:=\s*(?:"(\d{1,9})"|(\d{1,9})))?\s*(?=[,;]|$)/i;
const RETURN = /(?:^|,)\s*return\s*=\s*"?(minimal|representation)"?\s*(?=[,;]|$)/i;

type Header = string | readonly string[] | undefined;

const textOf = (header: Header): string => {
  const text = typeof header === "string" ? header : (header?.join(",") ?? "");
  return text.length > MAX_HEADER ? "" : text;
};

/**
 * The seconds of `Prefer: wait=N` (RFC 7240, section 4.3), or undefined where there is none that can be read.
 * The first of several counts, as section 2 has it; a malformed preference is ignored.
 */
export const parseWait = (header: Header): number | undefined => {
  const match = WAIT.exec(textOf(header));
  const digits = match?.[1] ?? match?.[2];
  return digits === undefined ? undefined : Number(digits);
};

/** True for `Prefer: return=minimal` (RFC 7240, section 4.2): what the client knows need not be told again. */
export const prefersMinimal = (header: Header): boolean =>
  header !== undefined && RETURN.exec(textOf(header))?.[1]?.toLowerCase() === "minimal";

/** For `Preference-Applied`. */
export const MINIMAL = "return=minimal";

/** The value of `Prefer` for some wishes; empty where there are none. */
export const formatPreferences = (wishes: {
  readonly wait?: number | undefined;
  readonly returns?: "minimal" | undefined;
}): string => {
  const { wait, returns } = wishes;
  const parts = [
    wait !== undefined && wait > 0 ? formatWait(wait) : "",
    returns === undefined ? "" : MINIMAL,
  ];
  return parts.filter(Boolean).join(", ");
};

/** `wait=N`, for `Prefer` and for `Preference-Applied`. */
export const formatWait = (seconds: number): string => `wait=${seconds}`;
