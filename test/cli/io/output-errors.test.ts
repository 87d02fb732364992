import { EventEmitter } from "node:events";
import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { makeNonBlocking } from "../../../cli/io/non-blocking-output.ts";
import { handleOutputErrors } from "../../../cli/io/output-errors.ts";

const MAX_BUFFERED = 100;
const LINE = `${"x".repeat(59)}\n`;

/** Creates a stream whose reader the test can stop, resume or make fail. */
const createStream = () => {
  const written: string[] = [];
  let waiting: (() => void) | undefined;
  const reader = { isStopped: false, error: undefined as Error | undefined };
  const stream = new Writable({
    decodeStrings: false,
    autoDestroy: false,
    write(chunk: string, _encoding, done) {
      if (reader.error !== undefined) return done(reader.error);
      const accept = () => {
        written.push(chunk);
        done();
      };
      if (reader.isStopped) waiting = accept;
      else accept();
    },
  });
  stream.on("error", () => {});
  const resume = () => {
    reader.isStopped = false;
    waiting?.();
  };
  return { stream, reader, written, resume };
};

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe("makeNonBlocking", () => {
  test("a non-blocking stream buffers a limited amount for a reader that has stopped, and reports the loss when the reader continues", async () => {
    const { stream, reader, written, resume } = createStream();
    makeNonBlocking(stream, MAX_BUFFERED);
    reader.isStopped = true;

    for (let count = 0; count < 1000; count += 1) stream.write(LINE);
    expect(stream.writableLength).toBeLessThanOrEqual(MAX_BUFFERED + LINE.length);
    resume();
    await nextTurn();

    expect(written).toEqual([
      LINE,
      LINE,
      "\njoblib: 998 writes were discarded here because the output was blocked\n",
    ]);
    stream.write(LINE);
    expect(written.at(-1)).toBe(LINE);
  });

  test("a non-blocking stream calls the callbacks of discarded writes", async () => {
    const { stream, reader } = createStream();
    makeNonBlocking(stream, MAX_BUFFERED);
    reader.isStopped = true;
    for (let count = 0; count < 3; count += 1) stream.write(LINE);

    const plain = await new Promise<unknown>((resolve) => stream.write(LINE, resolve));
    const encoded = await new Promise<unknown>((resolve) => stream.write(LINE, "utf8", resolve));

    expect([plain, encoded]).toEqual([undefined, undefined]);
  });

  test("a non-blocking stream continues after errors, and reports the loss when writing works again", async () => {
    const { stream, reader, written } = createStream();
    makeNonBlocking(stream, MAX_BUFFERED);
    // Makes the stream usable again, as `stdout` and `stderr` are after an error.
    const recover = () => Reflect.apply(Reflect.get(stream, "_undestroy"), stream, []);
    for (let count = 0; count < 2; count += 1) {
      reader.error = Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
      stream.write(LINE);
      await nextTurn();
      recover();
    }
    reader.error = undefined;
    stream.write(LINE);
    await nextTurn();

    expect(written).toEqual([
      LINE,
      "\njoblib: 2 writes were discarded here because the output was blocked\n",
    ]);
  });
});

describe("output errors", () => {
  const createOutput = () => {
    const stdout = new EventEmitter();
    const stderr = new EventEmitter();
    const exits: unknown[] = [];
    const errors = handleOutputErrors({ stdout, stderr }, (code, cause) =>
      exits.push([code, cause?.message]),
    );
    const fail = (stream: EventEmitter, code: string) =>
      stream.emit("error", Object.assign(new Error(`${code}: words`), { code }));
    return { stdout, stderr, exits, errors, fail };
  };

  test("handleOutputErrors exits with code 0 if the reader closes the pipe", () => {
    const { stdout, exits, fail } = createOutput();
    fail(stdout, "EPIPE");
    expect(exits).toEqual([[0, undefined]]);
  });

  test.each([
    "ENOSPC",
    "EIO",
  ])("handleOutputErrors exits with code 2 if a result is lost because of %s", (code) => {
    const { stdout, exits, fail } = createOutput();
    fail(stdout, code);
    expect(exits).toEqual([[2, `${code}: words`]]);
  });

  test.each(["EPIPE", "ENOSPC", "EIO"])("handleOutputErrors ignores %s on stderr", (code) => {
    const { stderr, exits, fail } = createOutput();
    fail(stderr, code);
    expect(exits).toEqual([]);
  });

  test("handleOutputErrors does not end the command after `ignore()`", () => {
    const { stdout, exits, errors, fail } = createOutput();
    errors.ignore();
    for (const code of ["EPIPE", "ENOSPC", "EIO"]) fail(stdout, code);
    expect(exits).toEqual([]);
  });
});
