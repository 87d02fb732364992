import * as z from "zod";

/** The longest `tracestate` that is kept, in characters: what W3C Trace Context asks everybody to carry. */
export const MAX_TRACESTATE = 512;

const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
/** A version that is none, a trace and a span without an id. */
const MEANS_NOTHING = /^ff-|^..-0{32}-|-0{16}-..$/;
const PRINTABLE = /^[\x20-\x7e]+$/;

/** Where a task's submitter stood in a trace, as W3C Trace Context writes it. */
export const TraceContext = z.object({
  traceparent: z.string().regex(TRACEPARENT),
  tracestate: z.string().max(MAX_TRACESTATE).optional(),
});
export type TraceContext = z.infer<typeof TraceContext>;

/** The headers of a submit that say where it stands in a trace. */
export const TRACE_HEADERS = {
  traceparent: "where the submitter stands in a trace (W3C Trace Context); the task keeps it for its worker",
  tracestate: `beside a traceparent, at most ${MAX_TRACESTATE} characters`,
};

type Header = string | string[] | null | undefined;

/** What the headers say; undefined where they say nothing that can be read: a trace is never a reason to refuse. */
export const readTraceContext = (traceparent: Header, tracestate: Header): TraceContext | undefined => {
  if (typeof traceparent !== "string" || !TRACEPARENT.test(traceparent) || MEANS_NOTHING.test(traceparent)) {
    return undefined;
  }
  const isKept =
    typeof tracestate === "string" && tracestate.length <= MAX_TRACESTATE && PRINTABLE.test(tracestate);
  return isKept ? { traceparent, tracestate } : { traceparent };
};
