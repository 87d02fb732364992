import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import { SAME_WISH_MS, watchInterrupts } from "../../cli/interrupts.ts";

describe("being asked to stop", () => {
  test("twice at once, as npx forwards one Ctrl-C, is asked once", () => {
    const source = new EventEmitter();
    let now = 1000;
    using interrupts = watchInterrupts(source, ["SIGINT", "SIGTERM"], () => now);

    source.emit("SIGINT");
    now += SAME_WISH_MS - 1;
    source.emit("SIGINT");

    expect([interrupts.first.aborted, interrupts.second.aborted]).toEqual([true, false]);
  });

  test("again later is the second wish, by whichever signal; a third finds nobody listening", () => {
    const source = new EventEmitter();
    let now = 1000;
    using interrupts = watchInterrupts(source, ["SIGINT", "SIGTERM"], () => now);

    source.emit("SIGTERM");
    now += SAME_WISH_MS;
    source.emit("SIGINT");

    expect([interrupts.first.aborted, interrupts.second.aborted]).toEqual([true, true]);
    expect(source.listenerCount("SIGINT") + source.listenerCount("SIGTERM")).toBe(0);
  });
});
