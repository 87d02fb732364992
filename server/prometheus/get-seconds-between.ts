const readTwoDigits = (text: string, at: number): number =>
  (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;

const getSecondOfDay = (text: string): number =>
  readTwoDigits(text, 11) * 3600 +
  readTwoDigits(text, 14) * 60 +
  readTwoDigits(text, 17) +
  (text.charCodeAt(20) - 48) / 10 +
  readTwoDigits(text, 21) / 1000;

/**
 * Returns the seconds between two timestamps of the API; 0 if the second is earlier, because clocks can differ. Two
 * timestamps of the same day, the common case, are compared by their digits: the four calls of `Date.parse` per task
 * were two thirds of the cost of counting it.
 */
export const getSecondsBetween = (from: string, to: string): number => {
  const isSameDay = from.startsWith(to.slice(0, 11));
  const seconds = isSameDay
    ? getSecondOfDay(to) - getSecondOfDay(from)
    : (Date.parse(to) - Date.parse(from)) / 1000;
  return Math.max(0, seconds);
};
