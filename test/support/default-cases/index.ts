import type { DefaultCase } from "./case.ts";
import { INVALID } from "./invalid.ts";
import { OBJECTS } from "./objects.ts";
import { VALUES } from "./values.ts";

const addPrefix = (prefix: string, cases: readonly DefaultCase[]) =>
  cases.map((entry) => ({ ...entry, name: `${prefix} ${entry.name}` }));

/**
 * Schemas, and the payloads that an unedited form and a command without parameters send. The tests
 * of the form and of the command share these cases.
 */
export const DEFAULT_CASES: readonly DefaultCase[] = [
  ...addPrefix("an invalid default:", INVALID),
  ...addPrefix("an object default", OBJECTS),
  ...addPrefix("default values:", VALUES),
];
