import * as z from "zod";
import { isNamePart, type JsonObject } from "../../protocol/index.ts";
import { UsageError, ValidationError } from "../errors.ts";
import { checkDefaults, toParameterSchema } from "../extension/parameter-schema.ts";
import {
  type AnySchema,
  type SchemaInput,
  type SchemaOutput,
  validate,
} from "../extension/standard-schema.ts";

/** The second argument of a provider's `read`. */
export interface ReadContext {
  /** Aborted when the worker stops. */
  readonly signal: AbortSignal;
}

/** Options of a provider: static members of its class, or the last argument of `Provider`. */
export interface ProviderOptions {
  /** The media type of every answer. Default: `application/json`. */
  readonly contentType?: string | undefined;
  /** Seconds for which servers cache an answer, at most a day. Default: 0. */
  readonly ttlSeconds?: number | undefined;
  /** Description of the provider. */
  readonly description?: string | undefined;
}

/** The static members of every provider class. */
export interface ProviderStatics {
  readonly category: string;
  /** The JSON Schema of the parameters. */
  readonly schema: JsonObject;
}

const BRAND = Symbol.for("joblib.provider");

/** Base class of all providers. */
export abstract class ProviderInstance {
  /**
   * Answers a request to the provider (a read). Returns a JSON value, or bytes, text or a stream in
   * the provider's media type, or an `Answer` that contains one of these. Throw
   * `AnswerNotFoundError` if there is no data; any other error makes the read fail.
   */
  abstract read(source: never, context: ReadContext): unknown;
}

/** A provider class whose `read` accepts a source of the type `Source`. */
export interface ProviderClass<Source = never> extends ProviderStatics, ProviderOptions {
  readonly name: string;
  readonly prototype: object;
  new (input: never): { readonly read: (source: Source, context: ReadContext) => unknown };
}

type Fields<Output> = [Output[keyof Output]] extends [never] ? object : Readonly<Output>;
type ConstructorInput<Input> = Record<never, never> extends Input ? [input?: Input] : [input: Input];

/** The base class that `Provider` returns. */
export type ProviderBase<Input, Output> = ProviderStatics &
  (abstract new (
    ...input: ConstructorInput<Input>
  ) => ProviderInstance & Fields<Output>);

/**
 * Creates the base class of a provider. For each request to the provider, an instance is created,
 * which has the parsed parameters as read-only fields, and its `read` method returns the answer.
 * Throws `UsageError` for an invalid category or schema.
 *
 * @example class Frame extends Provider("trajectory", { index: z.int().min(0) }, { contentType:
 *   "chemical/x-xyz" }) { read(trajectory: Trajectory) { return trajectory.frame(this.index); } }
 */
export function Provider<Schema extends AnySchema>(
  category: string,
  schema: Schema,
  options?: ProviderOptions,
): ProviderBase<SchemaInput<Schema>, SchemaOutput<Schema>>;
/** Creates the base class of a provider whose parameters are an object of zod 4 types. */
export function Provider<Shape extends z.ZodRawShape = Record<never, never>>(
  category: string,
  shape?: Shape,
  options?: ProviderOptions,
): ProviderBase<z.input<z.ZodObject<Shape>>, z.output<z.ZodObject<Shape>>>;
export function Provider(
  category: string,
  shapeOrSchema: AnySchema | z.ZodRawShape = {},
  options: ProviderOptions = {},
): unknown {
  if (!isNamePart(category)) {
    throw new UsageError(
      `${JSON.stringify(category)} is not a valid category: use 1 to 128 of A-Z a-z 0-9 _ . -`,
    );
  }
  const parameters = isSchema(shapeOrSchema) ? shapeOrSchema : z.object(shapeOrSchema);
  const label = `the parameters of a provider in ${category}`;
  const schema = toParameterSchema(parameters, label);
  checkDefaults(parameters, label);

  abstract class Base extends ProviderInstance {
    static readonly [BRAND] = true;
    static readonly category = category;
    static readonly schema = schema;

    constructor(input: unknown = {}) {
      super();
      const validated = validate(parameters, input, "");
      if ("errors" in validated) {
        const [first] = validated.errors;
        throw ValidationError.create(`${first?.pointer || "/"}: ${first?.detail}`, validated.errors);
      }
      for (const [key, value] of Object.entries(validated.value ?? {})) {
        if (!(key in this)) Object.defineProperty(this, key, { value, enumerable: true });
      }
    }
  }
  for (const key of Object.keys(schema["properties"] ?? {})) {
    if (key === "read" || key in Base.prototype)
      throw new UsageError(`${JSON.stringify(key)} is a reserved name: rename the parameter`);
  }
  return Object.assign(Base, options);
}

const isSchema = (value: AnySchema | z.ZodRawShape): value is AnySchema =>
  "~standard" in value || ("_def" in value && typeof value["safeParse"] === "function");

/**
 * Returns true if the class extends `Provider(…)` of this or any other installed copy of joblib.
 */
export const isProviderClass = (value: unknown): value is ProviderClass =>
  typeof value === "function" && BRAND in value && "category" in value && !Object.hasOwn(value, BRAND);
