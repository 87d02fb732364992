import * as z from "zod";

/** An RFC 3339 timestamp; responses use UTC with milliseconds. */
export const Timestamp = z.iso.datetime({ offset: true });
