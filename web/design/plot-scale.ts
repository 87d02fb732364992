/** A round number at or above a value: 1, 2 or 5 times a power of ten. */
export const roundUp = (value: number): number => {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= value * 0.999) ?? 10;
  return step * power;
};

/** Where something is drawn: a place for each point, and a height for each value. */
export interface Scale {
  x(index: number): number;
  y(value: number): number;
}

/** A line through the points that have a value, with a gap where one has none. */
export const linePath = (values: readonly (number | null)[], { x, y }: Scale): string => {
  let path = "";
  let isDown = false;
  values.forEach((value, index) => {
    if (value !== null) path += `${isDown ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
    isDown = value !== null;
  });
  return path;
};

/** The points between two gaps, which no line goes through: each as a line without a length, which round caps make a dot. */
export const dotPath = (values: readonly (number | null)[], { x, y }: Scale): string =>
  values
    .map((value, index) => {
      const isAlone =
        value !== null && (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null;
      return isAlone ? `M${x(index).toFixed(1)} ${y(value).toFixed(1)}h.01` : "";
    })
    .join("");

/** Bars that stand on what lies below them. */
export const barPath = (
  values: readonly (number | null)[],
  below: readonly (readonly (number | null)[])[],
  { step, y }: { readonly step: number; y(value: number): number },
): string =>
  values
    .map((value, index) => {
      if (value === null || value === 0) return "";
      const base = below.reduce((sum, bar) => sum + (bar[index] ?? 0), 0);
      return `M${index * step + step * 0.15} ${y(base)}V${y(base + value)}h${step * 0.7}V${y(base)}Z`;
    })
    .join("");
