/**
 * Returns true if a value is a multiple of a step in decimal notation. For example, 0.3 is a multiple of 0.1,
 * although the quotient of the two doubles is 2.9999999999999996. Like the server, tolerates an error in the
 * last bits of the quotient.
 */
export function isMultipleOf(value: number, step: number): boolean {
  const quotient = value / step;
  if (!Number.isFinite(quotient)) return value % step === 0;
  const tolerance = 4 * Number.EPSILON * Math.max(1, Math.abs(quotient));
  return Math.abs(quotient - Math.round(quotient)) <= tolerance;
}
