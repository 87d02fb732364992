import { type RawBuilder, sql } from "kysely";

/** Formats a time in SQL: RFC 3339 in UTC with milliseconds, as the API sends it. */
export const formatTimeInSql = (time: RawBuilder<unknown>): RawBuilder<string> =>
  sql<string>`to_char((${time}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
