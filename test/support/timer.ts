/**
 * Starts a timer. A test that starts it before an operation with a minimum duration requires that it is over afterwards,
 * which holds on a machine of any speed.
 */
export const startTimer = (seconds: number) => {
  const timer = { isOver: false };
  setTimeout(() => {
    timer.isOver = true;
  }, seconds * 1000);
  return timer;
};
