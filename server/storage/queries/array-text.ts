/** Ids or numbers as one parameter, an array of PostgreSQL's: nothing in them is to be escaped. */
export const formatArray = (values: Iterable<string | number>): string => `{${[...values].join(",")}}`;

/** The same of texts without control characters: JSON escapes in them what an array has to have escaped, and nothing else. */
export const formatTextArray = (texts: readonly string[]): string =>
  `{${texts.map((text) => JSON.stringify(text)).join(",")}}`;
