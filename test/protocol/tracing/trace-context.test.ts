import { describe, expect, test } from "vitest";
import { readTraceContext, TraceContext } from "../../../protocol/index.ts";

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

describe("readTraceContext", () => {
  test("readTraceContext returns valid headers unchanged", () => {
    const headers = { traceparent: TRACEPARENT, tracestate: "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7" };

    expect(readTraceContext(headers.traceparent, headers.tracestate)).toEqual(headers);
    expect(readTraceContext(TRACEPARENT, undefined)).toEqual({ traceparent: TRACEPARENT });
    expect(TraceContext.parse(headers)).toEqual(headers);
  });

  test.each([
    ["no traceparent", undefined],
    ["two headers", [TRACEPARENT, TRACEPARENT]],
    ["two values in one header", `${TRACEPARENT}, ${TRACEPARENT}`],
    ["an empty header", ""],
    ["upper-case digits", TRACEPARENT.toUpperCase()],
    ["an invalid version", TRACEPARENT.replace(/^00/, "ff")],
    ["a zero trace id", TRACEPARENT.replace(/[1-9a-f]/g, "0").replace(/-00$/, "-01")],
    ["a zero span id", TRACEPARENT.replace("b7ad6b7169203331", "0".repeat(16))],
    ["a short traceparent", TRACEPARENT.slice(0, -1)],
    ["a long traceparent", `${TRACEPARENT}0`],
    ["a line break", `${TRACEPARENT}\n`],
    ["other text", "please trace me"],
  ])("readTraceContext returns undefined for %s", (_, traceparent) => {
    expect(readTraceContext(traceparent, "a=b")).toBeUndefined();
  });

  test.each([
    ["longer than 512 characters", `a=${"b".repeat(511)}`],
    ["empty", ""],
    ["not printable", "a=\u0001"],
    ["a list", ["a=b"]],
  ])("readTraceContext returns only the traceparent if the tracestate is %s", (_, tracestate) => {
    expect(readTraceContext(TRACEPARENT, tracestate)).toEqual({ traceparent: TRACEPARENT });
  });

  test("readTraceContext returns a tracestate of 512 characters", () => {
    const tracestate = `a=${"b".repeat(510)}`;

    expect(readTraceContext(TRACEPARENT, tracestate)).toEqual({ traceparent: TRACEPARENT, tracestate });
  });
});
