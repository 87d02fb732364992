/** Where uncaught errors come from; `process`, or a test's own emitter. */
export interface UncaughtErrorSource {
  on(event: "uncaughtException", listener: (error: unknown) => void): unknown;
  removeListener(event: "uncaughtException", listener: (error: unknown) => void): unknown;
}

/**
 * Hears of errors that nobody caught, rejections included, until it is disposed: an extension's timer threw, or a
 * promise failed that it did not wait for. Node alone would end the process on the spot, its tasks in nobody's hands.
 */
export const watchUncaughtErrors = (
  source: UncaughtErrorSource,
  tell: (error: unknown) => void,
): Disposable => {
  source.on("uncaughtException", tell);
  return { [Symbol.dispose]: () => void source.removeListener("uncaughtException", tell) };
};
