import { describe, expect, test } from "vitest";
import { readTraceContext, TraceContext } from "../../../protocol/index.ts";

const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

describe("readTraceContext", () => {
  test("returns valid headers unchanged", () => {
    const headers = { traceparent: PARENT, tracestate: "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7" };

    expect(readTraceContext(headers.traceparent, headers.tracestate)).toEqual(headers);
    expect(readTraceContext(PARENT, undefined)).toEqual({ traceparent: PARENT });
    expect(TraceContext.parse(headers)).toEqual(headers);
  });

  test.each([
    ["no traceparent", undefined],
    ["two headers", [PARENT, PARENT]],
    ["two values in one header", `${PARENT}, ${PARENT}`],
    ["an empty header", ""],
    ["upper-case digits", PARENT.toUpperCase()],
    ["an invalid version", PARENT.replace(/^00/, "ff")],
    ["a zero trace id", PARENT.replace(/[1-9a-f]/g, "0").replace(/-00$/, "-01")],
    ["a zero span id", PARENT.replace("b7ad6b7169203331", "0".repeat(16))],
    ["a short traceparent", PARENT.slice(0, -1)],
    ["a long traceparent", `${PARENT}0`],
    ["a line break", `${PARENT}\n`],
    ["other text", "please trace me"],
  ])("returns undefined for %s", (_, traceparent) => {
    expect(readTraceContext(traceparent, "a=b")).toBeUndefined();
  });

  test.each([
    ["longer than 512 characters", `a=${"b".repeat(511)}`],
    ["empty", ""],
    ["not printable", "a=\u0001"],
    ["a list", ["a=b"]],
  ])("returns only the traceparent if the tracestate is %s", (_, tracestate) => {
    expect(readTraceContext(PARENT, tracestate)).toEqual({ traceparent: PARENT });
  });

  test("returns a tracestate of 512 characters", () => {
    const tracestate = `a=${"b".repeat(510)}`;

    expect(readTraceContext(PARENT, tracestate)).toEqual({ traceparent: PARENT, tracestate });
  });
});
