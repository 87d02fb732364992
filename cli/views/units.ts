/** Formats a duration, given in milliseconds, in its largest unit: `12s`, `3m`, `5h`, `2d`. */
export function formatAge(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

const SIZE_UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** Formats a number of bytes in its largest unit: `512 B`, `1.5 MB`, `12 GB`. */
export function formatSize(bytes: number): string {
  const power = SIZE_UNITS.findLastIndex((_, index) => bytes >= 1000 ** index);
  const value = bytes / 1000 ** Math.max(0, power);
  // Cut instead of rounded, because 999.96 kB would become 1000.0 kB.
  const digits = power > 0 && value < 10 ? Math.floor(value * 10) / 10 : Math.floor(value);
  return `${digits} ${SIZE_UNITS[Math.max(0, power)]}`;
}

/** Formats a count with its noun: `1 worker`, `2 workers`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Joins the parts of a text that are not empty. */
export function joinParts(parts: readonly string[], separator = " "): string {
  return parts.filter((part) => part !== "").join(separator);
}
