import type { CustomTypesConfig } from "pg";

const asIs = (text: string): string => text;

/** By PostgreSQL's type ids (`pg_type.oid`); statements cast everything else that needs parsing to one of these or to text. */
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
 * Parsers for joblib's own sessions. Those of `pg.types` belong to the whole process, and a host application may
 * replace them.
 */
export const valueParsers: CustomTypesConfig = {
  getTypeParser: (oid: number) => PARSERS[oid] ?? asIs,
};
