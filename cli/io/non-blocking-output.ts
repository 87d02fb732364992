/** The part of a standard stream that is used: `process.stderr`, or a Writable of a test. */
export type StandardStream = Pick<NodeJS.WriteStream, "write" | "writableLength">;

type Callback = (error?: Error | null) => void;
type Chunk = Uint8Array | string;

/** Maximum buffered output per stream, 8 MiB: more than a program prints at once, but little compared with a server's memory. */
export const MAX_BUFFERED_BYTES = 8 * 2 ** 20;

/**
 * Makes a stream drop what it cannot write, so that a server or a worker outlives the reader of its output. Without
 * this, Node buffers without bound for a pipe whose reader has stopped, and a terminal paused by Ctrl-S stops the event
 * loop, and with it the heartbeats. Errors must have a listener. When writing works again, a line says how much was lost.
 */
export function makeNonBlocking(stream: StandardStream, maxBuffered = MAX_BUFFERED_BYTES): void {
  const write = stream.write.bind(stream);
  let lost = 0;

  const reportLost = () => {
    const count = lost;
    lost = 0;
    // Starts with a line break, because a full disk may have truncated the last line.
    write(`\njoblib: ${count} writes of output were lost here\n`, (error) => {
      if (error) lost += count;
    });
  };

  const writeOrDrop = (chunk: Chunk, encoding?: BufferEncoding | Callback, callback?: Callback): boolean => {
    const [usedEncoding, done] =
      typeof encoding === "function" ? [undefined, encoding] : [encoding, callback];
    if (chunk.length > 0 && stream.writableLength > maxBuffered) {
      lost += 1;
      if (done) process.nextTick(done);
      return true;
    }
    return write(chunk, usedEncoding, (error) => {
      if (error) lost += 1;
      else if (lost > 0 && stream.writableLength === 0) reportLost();
      // Printing does not fail if nothing reads the output.
      done?.();
    });
  };

  stream.write = writeOrDrop;
  setAsynchronous(stream);
}

/**
 * Lets a terminal be written asynchronously, as pipes are; files are always written synchronously. Node sets terminals
 * to blocking and has no documented way back, so this does nothing if the handle is not as expected.
 */
function setAsynchronous(stream: StandardStream): void {
  const handle: unknown = Reflect.get(stream, "_handle");
  if (typeof handle !== "object" || handle === null || !("setBlocking" in handle)) return;
  if (typeof handle.setBlocking === "function") handle.setBlocking(false);
}
