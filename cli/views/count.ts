/** Formats a count with its noun: `1 worker`, `2 workers`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
