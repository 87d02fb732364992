/**
 * Starts a timer. To check that an operation takes at least `seconds`, a test starts the timer before the operation and expects
 * `isOver` after it. A slow machine cannot make this check fail.
 */
export const startTimer = (seconds: number) => {
  const timer = { isOver: false };
  setTimeout(() => {
    timer.isOver = true;
  }, seconds * 1000);
  return timer;
};
