import { Ajv, type ErrorObject } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describeErrors } from "./describe-errors.ts";
import { linearKeywords } from "./linear-keywords.ts";
import type { JsonObject, SchemaFault } from "./schema-fault.ts";
import type { Dialect } from "./schema-keywords.ts";
import { StepMeter } from "./step-meter.ts";

type MetaCheck = (schema: JsonObject) => readonly ErrorObject[];

const checks = new Map<Dialect, MetaCheck>();

/** Says where a schema, of bounded size, is not one by its own draft's rules. */
export function checkMetaSchema(schema: JsonObject, dialect: Dialect): SchemaFault[] {
  const check = checks.get(dialect) ?? makeCheck(dialect);
  checks.set(dialect, check);
  return describeErrors(check(schema));
}

// The two meta-schemas are compiled once per process, and nothing else is ever added to their Ajv.
function makeCheck(dialect: Dialect): MetaCheck {
  const isNew = dialect === "2020-12";
  const options = {
    strict: false,
    logger: false,
    validateFormats: false,
    ownProperties: true,
    verbose: true,
  } as const;
  const ajv = isNew ? new Ajv2020(options) : new Ajv(options);
  const meter = new StepMeter();
  ajv.removeKeyword("uniqueItems");
  for (const definition of linearKeywords(meter))
    if (definition.keyword === "uniqueItems") ajv.addKeyword(definition);
  const validate = ajv.getSchema(
    isNew ? "https://json-schema.org/draft/2020-12/schema" : "http://json-schema.org/draft-07/schema",
  );
  return (schema) => {
    meter.start(Number.POSITIVE_INFINITY);
    return validate?.(schema) === true ? [] : (validate?.errors ?? []);
  };
}
