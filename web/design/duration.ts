const formatShort = (value: number) => (value < 10 ? value.toFixed(1) : String(Math.round(value)));

/**
 * Formats a number of seconds, for example as `340 ms`, `1.2 s`, `2 min 3 s`, `1 h 5 min` or `3 d 4
 * h`.
 */
export const formatDuration = (seconds: number): string => {
  if (seconds < 0.9995) return `${Math.max(0, Math.round(seconds * 1000))} ms`;
  if (seconds < 59.5) return `${formatShort(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 === 0 ? "" : ` ${whole % 60} s`}`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60)
    return `${Math.floor(minutes / 60)} h${minutes % 60 === 0 ? "" : ` ${minutes % 60} min`}`;
  const hours = Math.round(seconds / 3600);
  return `${Math.floor(hours / 24)} d${hours % 24 === 0 ? "" : ` ${hours % 24} h`}`;
};

/** Formats an age in seconds, for example as `now`, `12 s`, `3 min`, `5 h` or `2 d`. */
export const formatAge = (seconds: number): string => {
  if (seconds < 1) return "now";
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
};

/** Returns the number of seconds from one instant to another. */
export const getSecondsBetween = (from: string, to: string | number): number =>
  (typeof to === "number" ? to : Date.parse(to)) / 1000 - Date.parse(from) / 1000;

const DATE_TIME_FORMAT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const TIME_FORMAT = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

/** Formats a date and time in the browser's locale. */
export const formatDateTime = (at: string): string => DATE_TIME_FORMAT.format(new Date(at));
export const formatTime = (at: string): string => TIME_FORMAT.format(new Date(at));
