/**
 * Starts a timer. A test that checks that an operation takes at least `seconds` starts the timer
 * before the operation, and expects `isOver` after the operation. A slow machine cannot make this
 * check fail.
 */
export const startTimer = (seconds: number) => {
  const timer = { isOver: false };
  setTimeout(() => {
    timer.isOver = true;
  }, seconds * 1000);
  return timer;
};
