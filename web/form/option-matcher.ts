import { type Schema, Validator } from "@cfworker/json-schema";
import type { RJSFSchema, ValidatorType } from "@rjsf/utils";

const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value));

/**
 * Tells the library which option of a union a value is, and whether an `if` holds. It interprets the schema (a compiler
 * would need `eval`), and it checks no payload: that is the server's alone.
 */
export const optionMatcher: ValidatorType = {
  isValid: (schema, value, root) => {
    if (value === undefined) return false;
    const { $defs } = root as RJSFSchema;
    const text = JSON.stringify(schema);
    const whole: Schema = {
      ...JSON.parse(text),
      ...(text.includes('"$ref"') && $defs && { $defs: plain($defs) }),
    };
    delete whole.$id;
    return new Validator(whole, "7").validate(plain(value)).valid;
  },
  validateFormData: () => ({ errors: [], errorSchema: {} }),
  rawValidation: () => ({ errors: [] }),
};
