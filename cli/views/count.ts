/** Formats a count with its noun: `1 worker`, `2 workers`. */
export const formatCount = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? "" : "s"}`;
