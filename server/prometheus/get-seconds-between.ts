const twoDigits = (text: string, at: number): number =>
  (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;

const secondOfDay = (text: string): number =>
  twoDigits(text, 11) * 3600 +
  twoDigits(text, 14) * 60 +
  twoDigits(text, 17) +
  (text.charCodeAt(20) - 48) / 10 +
  twoDigits(text, 21) / 1000;

/**
 * Seconds from one time of the wire to a later one; 0 where clocks differ. Nearly always both are of one day, and then
 * told by their digits: four times `Date.parse` was two thirds of what it cost to count a task.
 */
export const getSecondsBetween = (from: string, to: string): number => {
  const isOneDay = from.startsWith(to.slice(0, 11));
  const seconds = isOneDay ? secondOfDay(to) - secondOfDay(from) : (Date.parse(to) - Date.parse(from)) / 1000;
  return Math.max(0, seconds);
};
