import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import {
  DRAIN_SIGNALS,
  isUnderNohup,
  SAME_REQUEST_MS,
  watchInterrupts,
} from "../../../cli/worker/interrupts.ts";

/** Creates interrupts with a signal source and a clock that the test controls. */
const createInterrupts = (ignoresHangup = false) => {
  const source = new EventEmitter();
  const clock = { now: 1000 };
  const interrupts = watchInterrupts(source, { ignoresHangup, now: () => clock.now });
  return { source, clock, interrupts };
};

const getState = ({ first, second }: { first: AbortSignal; second: AbortSignal }) => [
  first.aborted,
  second.aborted,
];

describe("watchInterrupts", () => {
  test("watchInterrupts counts a Ctrl-C once, although npx forwards the same Ctrl-C again", () => {
    const { source, clock, interrupts } = createInterrupts();

    source.emit("SIGINT");
    clock.now += SAME_REQUEST_MS - 1;
    source.emit("SIGINT");

    expect(getState(interrupts)).toEqual([true, false]);
  });

  test("watchInterrupts aborts `second` at a second stop request with any signal, and removes its listeners, so that a third request ends the process", () => {
    const { source, clock, interrupts } = createInterrupts();

    source.emit("SIGTERM");
    clock.now += SAME_REQUEST_MS;
    source.emit("SIGINT");

    expect(getState(interrupts)).toEqual([true, true]);
    for (const signal of ["SIGINT", "SIGTERM", "SIGQUIT"]) expect(source.listenerCount(signal)).toBe(0);
  });

  test.each(
    DRAIN_SIGNALS,
  )("watchInterrupts aborts `first` at %s, and stops listening when it is disposed", (signal) => {
    const { source, interrupts } = createInterrupts();

    source.emit(signal);
    expect(getState(interrupts)).toEqual([true, false]);

    interrupts[Symbol.dispose]();
    expect(source.listenerCount(signal)).toBe(0);
  });

  test.each([
    "SIGHUP",
    "SIGXCPU",
    "SIGUSR2",
  ])("watchInterrupts never counts %s as a second stop request", (signal) => {
    const { source, clock, interrupts } = createInterrupts();

    for (const emitted of ["SIGTERM", signal, signal]) {
      source.emit(emitted);
      clock.now += SAME_REQUEST_MS;
    }

    expect(getState(interrupts)).toEqual([true, false]);
  });

  test("watchInterrupts ignores SIGHUP under nohup, and aborts `first` at another signal", () => {
    const { source, interrupts } = createInterrupts(true);

    source.emit("SIGHUP");
    expect(interrupts.first.aborted).toBe(false);
    expect(source.listenerCount("SIGHUP")).toBe(1);
    source.emit("SIGTERM");
    expect(interrupts.first.aborted).toBe(true);
  });

  test("watchInterrupts does not handle SIGUSR2 if there is already a listener for it", () => {
    const source = new EventEmitter();
    source.on("SIGUSR2", () => {});
    using interrupts = watchInterrupts(source);

    source.emit("SIGUSR2");

    expect(interrupts.first.aborted).toBe(false);
  });
});

test.each([
  [{ _: "/usr/bin/nohup" }, true],
  [{ _: "nohup" }, true],
  [{ _: "/usr/bin/node" }, false],
  [{ _: "/home/ada/not-nohup" }, false],
  [{}, false],
])("isUnderNohup for the environment %j returns %s", (env, expected) => {
  expect(isUnderNohup(env)).toBe(expected);
});
