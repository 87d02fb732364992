/** A source of uncaught errors: `process`, or an emitter in a test. */
export interface UncaughtErrorSource {
  on(event: "uncaughtException", listener: (error: unknown) => void): unknown;
  removeListener(event: "uncaughtException", listener: (error: unknown) => void): unknown;
}

/**
 * Calls the listener for uncaught errors and unhandled rejections, for example an error in a timer
 * of an extension, until the returned object is disposed. Without a listener, Node.js would end the
 * process immediately, and its tasks would fail only after the worker timeout.
 */
export function watchUncaughtErrors(
  source: UncaughtErrorSource,
  listener: (error: unknown) => void,
): Disposable {
  source.on("uncaughtException", listener);
  return { [Symbol.dispose]: () => void source.removeListener("uncaughtException", listener) };
}
