import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import { DRAIN_SIGNALS, isUnderNohup, SAME_REQUEST_MS, watchInterrupts } from "../../cli/interrupts.ts";

/** A source of signals and a clock that tests set. */
const watch = (ignoresHangup = false) => {
  const source = new EventEmitter();
  const clock = { now: 1000 };
  const interrupts = watchInterrupts(source, { ignoresHangup, now: () => clock.now });
  return { source, clock, interrupts };
};

const stateOf = ({ first, second }: { first: AbortSignal; second: AbortSignal }) => [
  first.aborted,
  second.aborted,
];

describe("interrupts", () => {
  test("count one Ctrl-C once although npx forwards it as well", () => {
    const { source, clock, interrupts } = watch();

    source.emit("SIGINT");
    clock.now += SAME_REQUEST_MS - 1;
    source.emit("SIGINT");

    expect(stateOf(interrupts)).toEqual([true, false]);
  });

  test("interrupt at a later request by any signal of a person, and let a third one end the process", () => {
    const { source, clock, interrupts } = watch();

    source.emit("SIGTERM");
    clock.now += SAME_REQUEST_MS;
    source.emit("SIGINT");

    expect(stateOf(interrupts)).toEqual([true, true]);
    for (const signal of ["SIGINT", "SIGTERM", "SIGQUIT"]) expect(source.listenerCount(signal)).toBe(0);
  });

  test.each(DRAIN_SIGNALS)("drain at %s, and stop listening when they are disposed", (signal) => {
    const { source, interrupts } = watch();

    source.emit(signal);
    expect(stateOf(interrupts)).toEqual([true, false]);

    interrupts[Symbol.dispose]();
    expect(source.listenerCount(signal)).toBe(0);
  });

  test.each(["SIGHUP", "SIGXCPU", "SIGUSR2"])("never take %s for a second request", (signal) => {
    const { source, clock, interrupts } = watch();

    for (const one of ["SIGTERM", signal, signal]) {
      source.emit(one);
      clock.now += SAME_REQUEST_MS;
    }

    expect(stateOf(interrupts)).toEqual([true, false]);
  });

  test("ignore SIGHUP under nohup, and drain at the others", () => {
    const { source, interrupts } = watch(true);

    source.emit("SIGHUP");
    expect(interrupts.first.aborted).toBe(false);
    expect(source.listenerCount("SIGHUP")).toBe(1);
    source.emit("SIGTERM");
    expect(interrupts.first.aborted).toBe(true);
  });

  test("leave SIGUSR2 to Node.js if it listens already", () => {
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
])("a process with the environment %j is under nohup: %s", (env, expected) => {
  expect(isUnderNohup(env)).toBe(expected);
});
