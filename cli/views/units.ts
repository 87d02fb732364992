/** Formats a duration, given in milliseconds, in its largest unit: `12s`, `3m`, `5h`, `2d`. */
export function formatAge(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

/** Formats a count with its noun: `1 worker`, `2 workers`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Joins the parts of a text that are not empty. */
export function joinParts(parts: readonly string[], separator = " "): string {
  return parts.filter((part) => part !== "").join(separator);
}
