/** Formats ids or numbers as a PostgreSQL array. They contain no characters that need escaping. */
export const formatArray = (values: Iterable<string | number>): string => `{${[...values].join(",")}}`;

/**
 * Formats texts without control characters as a PostgreSQL array. For such texts, JSON escapes exactly the
 * characters that an array needs escaped.
 */
export const formatTextArray = (texts: readonly string[]): string =>
  `{${texts.map((text) => JSON.stringify(text)).join(",")}}`;
