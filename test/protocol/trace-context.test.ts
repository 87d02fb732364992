import { describe, expect, test } from "vitest";
import { readTraceContext, TraceContext } from "../../protocol/index.ts";

const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

describe("the headers of a trace", () => {
  test("are read as they stand", () => {
    const given = { traceparent: PARENT, tracestate: "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7" };

    expect(readTraceContext(given.traceparent, given.tracestate)).toEqual(given);
    expect(readTraceContext(PARENT, undefined)).toEqual({ traceparent: PARENT });
    expect(TraceContext.parse(given)).toEqual(given);
  });

  test.each([
    ["none", undefined],
    ["two of them", [PARENT, PARENT]],
    ["two in one", `${PARENT}, ${PARENT}`],
    ["nothing", ""],
    ["capitals", PARENT.toUpperCase()],
    ["a version that is none", PARENT.replace(/^00/, "ff")],
    ["no trace", PARENT.replace(/[1-9a-f]/g, "0").replace(/-00$/, "-01")],
    ["no span", PARENT.replace("b7ad6b7169203331", "0".repeat(16))],
    ["too short", PARENT.slice(0, -1)],
    ["too long", `${PARENT}0`],
    ["a line more", `${PARENT}\n`],
    ["words", "please trace me"],
  ])("say nothing with %s", (_, traceparent) => {
    expect(readTraceContext(traceparent, "a=b")).toBeUndefined();
  });

  test.each([
    ["longer than 512 characters", `a=${"b".repeat(511)}`],
    ["empty", ""],
    ["no text", "a=\u0001"],
    ["a list", ["a=b"]],
  ])("keep the traceparent where the tracestate is %s", (_, tracestate) => {
    expect(readTraceContext(PARENT, tracestate)).toEqual({ traceparent: PARENT });
  });

  test("keep a tracestate of 512 characters", () => {
    const tracestate = `a=${"b".repeat(510)}`;

    expect(readTraceContext(PARENT, tracestate)).toEqual({ traceparent: PARENT, tracestate });
  });
});
