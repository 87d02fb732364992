/**
 * The members of `process.stdout` and `process.stderr` that are used here. Tests pass a `Writable`.
 */
export type StandardStream = Pick<NodeJS.WriteStream, "write" | "writableLength">;

type Callback = (error?: Error | null) => void;
type Chunk = Uint8Array | string;

/**
 * Maximum buffered output per stream: 8 MiB. This is more than a command prints at once, but little
 * compared with the memory of a server.
 */
export const MAX_BUFFERED_BYTES = 8 * 2 ** 20;

/**
 * Makes a stream drop output that it cannot write, so that a server or a worker keeps running if
 * nothing reads its output. By default, Node.js buffers without limit for a pipe whose reader has
 * stopped, and a terminal that is paused by Ctrl-S blocks the event loop, so heartbeats stop. When
 * writing works again, a line reports how many writes were lost. The stream must have an error
 * listener.
 */
export function makeNonBlocking(stream: StandardStream, maxBuffered = MAX_BUFFERED_BYTES): void {
  const write = stream.write.bind(stream);
  let lost = 0;

  const reportLost = () => {
    const count = lost;
    lost = 0;
    // Starts with a line break, because a full disk may have truncated the last line.
    write(`\njoblib: ${count} writes were discarded here because the output was blocked\n`, (error) => {
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
      // The loss is counted above and reported later, so the caller gets no error.
      done?.();
    });
  };

  stream.write = writeOrDrop;
  setAsynchronous(stream);
}

/**
 * Makes writes to a terminal asynchronous, like those to a pipe. Files are always written
 * synchronously. Node.js makes terminals blocking and has no documented way to undo this, so this
 * function does nothing if the undocumented handle of the stream has no `setBlocking`.
 */
function setAsynchronous(stream: StandardStream): void {
  const handle: unknown = Reflect.get(stream, "_handle");
  if (typeof handle !== "object" || handle === null || !("setBlocking" in handle)) return;
  if (typeof handle.setBlocking === "function") handle.setBlocking(false);
}
