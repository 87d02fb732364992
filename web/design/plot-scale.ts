/** Rounds a value up to the next number of the form 1, 2 or 5 times a power of ten. */
export const roundUp = (value: number): number => {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= value * 0.999) ?? 10;
  return step * power;
};

/** Converts the index and the value of a point to SVG coordinates. */
export interface Scale {
  x(index: number): number;
  y(value: number): number;
}

/** Returns the SVG path of a line through all values, with a gap for each null. */
export const getLinePath = (values: readonly (number | null)[], { x, y }: Scale): string => {
  let path = "";
  let isDown = false;
  values.forEach((value, index) => {
    if (value !== null) path += `${isDown ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
    isDown = value !== null;
  });
  return path;
};

/**
 * Returns the SVG path of the values with a null on both sides, which no line connects to other
 * values. Each value is a very short line, which round line caps draw as a dot.
 */
export const getDotPath = (values: readonly (number | null)[], { x, y }: Scale): string =>
  values
    .map((value, index) => {
      const isIsolated =
        value !== null && (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null;
      return isIsolated ? `M${x(index).toFixed(1)} ${y(value).toFixed(1)}h.01` : "";
    })
    .join("");

/** Returns the SVG path of bars. Each bar is stacked on the bars below it. */
export const getBarPath = (
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
