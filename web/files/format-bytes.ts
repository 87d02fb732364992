const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

/** Formats a number of bytes in decimal units with up to three digits, for example as `1.53 MB`. */
export const formatBytes = (bytes: number): string => {
  if (bytes === 1) return "1 byte";
  let value = bytes;
  let unit = 0;
  // 999.5 would be rounded to 1,000.
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : Number(value.toPrecision(3))} ${UNITS[unit]}`;
};
