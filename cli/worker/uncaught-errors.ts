/** Emits uncaught errors: `process`, or an emitter of a test. */
export interface UncaughtErrorSource {
  on(event: "uncaughtException", listener: (error: unknown) => void): unknown;
  removeListener(event: "uncaughtException", listener: (error: unknown) => void): unknown;
}

/**
 * Calls the listener for uncaught errors and unhandled rejections until it is disposed, such as an error in a timer of
 * an extension. Without a listener Node.js would end the process immediately, and its tasks would fail only after the
 * worker timeout.
 */
export function watchUncaughtErrors(
  source: UncaughtErrorSource,
  listener: (error: unknown) => void,
): Disposable {
  source.on("uncaughtException", listener);
  return { [Symbol.dispose]: () => void source.removeListener("uncaughtException", listener) };
}
