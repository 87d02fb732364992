import type { DefaultCase } from "./case.ts";
import { INVALID } from "./invalid.ts";
import { OBJECTS } from "./objects.ts";
import { VALUES } from "./values.ts";

const addPrefix = (prefix: string, cases: readonly DefaultCase[]) =>
  cases.map((one) => ({ ...one, name: `${prefix}: ${one.name}` }));

/** What a form and the command line send by default; the tests of both read it, and ask the server's validator. */
export const DEFAULT_CASES: readonly DefaultCase[] = [
  ...addPrefix("a default that does not fit", INVALID),
  ...addPrefix("an object's own default", OBJECTS),
  ...addPrefix("a value", VALUES),
];
