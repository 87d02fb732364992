/** Ids or numbers as one parameter, an array of PostgreSQL's: nothing in them is to be escaped. */
export const arrayText = (values: Iterable<string | number>): string => `{${[...values].join(",")}}`;
