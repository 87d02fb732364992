import * as z from "zod";

/**
 * Maximum length of a stored `tracestate`, in characters. W3C Trace Context requires that at least
 * this length is propagated.
 */
export const MAX_TRACESTATE = 512;

const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
/** Matches invalid values: version `ff`, or a trace or span id that is all zeros. */
const INVALID = /^ff-|^..-0{32}-|-0{16}-..$/;
const PRINTABLE = /^[\x20-\x7e]+$/;

/** The submitter's trace context (W3C Trace Context). */
export const TraceContext = z.object({
  traceparent: z.string().regex(TRACEPARENT),
  tracestate: z.string().max(MAX_TRACESTATE).optional(),
});
export type TraceContext = z.infer<typeof TraceContext>;

/** Trace headers of a submit. */
export const TRACE_HEADERS = {
  traceparent:
    "the submitter's trace context (W3C Trace Context); it is stored with the task and passed to its worker",
  tracestate: `vendor-specific trace data, at most ${MAX_TRACESTATE} characters; ignored if it is longer or there is no traceparent`,
};

type Header = string | string[] | null | undefined;

/**
 * Parses the trace headers. Returns undefined if `traceparent` is missing or invalid, and ignores
 * an invalid `tracestate`, because the request must not fail if its trace headers are invalid.
 */
export function readTraceContext(traceparent: Header, tracestate: Header): TraceContext | undefined {
  if (typeof traceparent !== "string" || !TRACEPARENT.test(traceparent) || INVALID.test(traceparent)) {
    return undefined;
  }
  const isValid =
    typeof tracestate === "string" && tracestate.length <= MAX_TRACESTATE && PRINTABLE.test(tracestate);
  return isValid ? { traceparent, tracestate } : { traceparent };
}
