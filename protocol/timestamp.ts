import * as z from "zod";

/** An RFC 3339 timestamp. Responses use UTC with milliseconds. */
export const Timestamp = z.iso.datetime({ offset: true });
