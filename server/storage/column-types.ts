/** Types of columns. Times and JSON are read as text, so that they do not depend on the parsers of the host. */
export interface SqlTypes {
  readonly uuid: string;
  readonly text: string;
  readonly integer: number;
  readonly bigint: string;
  readonly float8: number;
  readonly boolean: boolean;
  readonly timestamptz: string;
  readonly json: string;
  readonly jsonb: string;
}

export type SqlType = keyof SqlTypes;

/** The name of a column, from the name of the entity's property. */
export type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : "";

export type CamelCase<Name extends string> = Name extends `${infer First}_${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Name;

export function toProperty<Name extends string>(name: Name): CamelCase<Name> {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()) as CamelCase<Name>;
}

/** Returns true for the types that statements cast to text, and that joblib parses itself. */
export function isReadAsText(type: SqlType): boolean {
  return type === "json" || type === "jsonb" || type === "timestamptz";
}
