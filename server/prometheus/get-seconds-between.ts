const readTwoDigits = (text: string, at: number): number =>
  (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;

const getSecondOfDay = (text: string): number =>
  readTwoDigits(text, 11) * 3600 +
  readTwoDigits(text, 14) * 60 +
  readTwoDigits(text, 17) +
  (text.charCodeAt(20) - 48) / 10 +
  readTwoDigits(text, 21) / 1000;

/**
 * Returns the seconds between two timestamps of the API, or 0 if the second one is earlier, because clocks
 * can differ. Usually both are on the same day and are compared by their digits: calling `Date.parse` four
 * times per task took two thirds of the time of counting it.
 */
export const getSecondsBetween = (from: string, to: string): number => {
  const isSameDay = from.startsWith(to.slice(0, 11));
  const seconds = isSameDay
    ? getSecondOfDay(to) - getSecondOfDay(from)
    : (Date.parse(to) - Date.parse(from)) / 1000;
  return Math.max(0, seconds);
};
