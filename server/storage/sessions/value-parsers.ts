import type { CustomTypesConfig } from "pg";

const keepText = (text: string): string => text;

/**
 * Parsers by type id (`pg_type.oid`). Statements cast values of all other types to text or to one of these
 * types.
 */
const PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  /** bool */
  16: (text) => text === "t",
  /** int2, int4 */
  21: Number,
  23: Number,
  /** float4, float8 */
  700: Number,
  701: Number,
};

/**
 * The parsers of joblib's own sessions. The parsers of `pg.types` are global in the process, and a host may
 * replace them.
 */
export const valueParsers: CustomTypesConfig = {
  getTypeParser: (oid: number) => PARSERS[oid] ?? keepText,
};
