import type { DefaultCase } from "./case.ts";
import { INVALID } from "./invalid.ts";
import { OBJECTS } from "./objects.ts";
import { VALUES } from "./values.ts";

const addPrefix = (prefix: string, cases: readonly DefaultCase[]) =>
  cases.map((entry) => ({ ...entry, name: `${prefix}: ${entry.name}` }));

/** The default payloads of the form and of the command line. The tests of both also validate them as the server does. */
export const DEFAULT_CASES: readonly DefaultCase[] = [
  ...addPrefix("an invalid default", INVALID),
  ...addPrefix("an object's own default", OBJECTS),
  ...addPrefix("a value", VALUES),
];
