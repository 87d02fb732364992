import * as z from "zod";

/** An RFC 3339 time; answers are in UTC with milliseconds. */
export const Timestamp = z.iso.datetime({ offset: true });
