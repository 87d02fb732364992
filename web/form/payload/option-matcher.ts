import { type Schema, Validator } from "@cfworker/json-schema";
import type { RJSFSchema, ValidatorType } from "@rjsf/utils";

const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value));

/**
 * Decides which option of a union matches a value, and whether the condition of an `if` is true. It
 * interprets the schema, because compiling a schema needs `eval`, which the page's
 * Content-Security-Policy blocks. It does not validate payloads, which only the server does.
 */
export const optionMatcher: ValidatorType = {
  isValid: (schema, value, root) => {
    if (value === undefined) return false;
    const { $defs } = root as RJSFSchema;
    const text = JSON.stringify(schema);
    const whole: Schema = {
      ...JSON.parse(text),
      ...(text.includes('"$ref"') && $defs && { $defs: copy($defs) }),
    };
    delete whole.$id;
    return new Validator(whole, "7").validate(copy(value)).valid;
  },
  validateFormData: () => ({ errors: [], errorSchema: {} }),
  rawValidation: () => ({ errors: [] }),
};
