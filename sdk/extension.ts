import * as z from "zod";
import { type Fairness, isNamePart, type JsonObject, type Task } from "../protocol/index.ts";
import { UsageError, ValidationError } from "./errors.ts";
import type { TaskLogger } from "./logger.ts";
import { checkDefaults } from "./parameter-defaults.ts";
import { toParameterSchema } from "./parameter-schema.ts";
import { type AnySchema, check, type SchemaInput, type SchemaOutput } from "./standard-schema.ts";
import type { TaskDefaultOptions } from "./task-options.ts";

/** What `run` is given beside the context. */
export interface RunContext {
  /** Aborted when the task is cancelled, timed out, lost or interrupted; its reason says which. */
  readonly signal: AbortSignal;
  /** Tells how far the task is; of reports in a hurry the latest wins. */
  readonly progress: (fraction?: number, message?: string) => void;
  /** The task as it stood when it was started. */
  readonly task: Task;
  /** The worker's own logger; its lines are kept with the task as well. */
  readonly log: TaskLogger;
}

/** What an extension says of itself, as statics of its class or as options of `Extension`. */
export interface ExtensionOptions {
  /** Where it is registered when `register` names no room. */
  readonly room?: string | readonly string[];
  /** True: in `@global`. */
  readonly public?: boolean;
  /** Of what `run` returns. */
  readonly result?: AnySchema;
  readonly description?: string;
  /** Options of its tasks that a submit does not name. */
  readonly defaults?: TaskDefaultOptions;
  /** `"room"`: rooms take turns; `"fifo"`. */
  readonly fairness?: Fairness;
}

/** What every extension's class has. The options are not among them, so that `static room` overrides nothing. */
export interface ExtensionStatics {
  readonly category: string;
  /** The schema of the parameters as it was given. */
  readonly parameters: AnySchema;
  /** The JSON Schema of the payload. */
  readonly schema: JsonObject;
}

const BRAND = Symbol.for("joblib.extension");
const PAYLOAD = Symbol.for("joblib.payload");

/** The root of all extensions. */
export abstract class ExtensionInstance {
  /** The work; what it returns, as JSON, is the task's result. */
  abstract run(context: never, run: RunContext): unknown;
}

/** A class that can be registered with a manager of that context. */
export interface ExtensionClass<Context = never> extends ExtensionStatics, ExtensionOptions {
  readonly name: string;
  readonly prototype: object;
  // A property, not a method: parameters of methods are compared loosely, and a wrong context would pass.
  new (input: never): { readonly run: (context: Context, run: RunContext) => unknown };
}

/** The parameters as fields. Zod's output of an empty shape forbids every member, `run` included: it has no fields. */
export type Fields<Output> = [Output[keyof Output]] extends [never] ? object : Readonly<Output>;

type ConstructorInput<Input> = Record<never, never> extends Input ? [input?: Input] : [input: Input];

/** The base class that `Extension` makes. */
export type ExtensionBase<Input, Output> = ExtensionStatics &
  (abstract new (
    ...input: ConstructorInput<Input>
  ) => ExtensionInstance & Fields<Output>);

/**
 * Makes the base class of an extension: the constructor takes the parameters' input, the instance has their output
 * as read-only fields. A shape of zod 4 types, or a whole schema: zod 4, zod 3, anything with Standard JSON Schema.
 *
 * @example
 * class Rotate extends Extension("modifiers", { angle: z.number().default(0) }) {
 *   async run(viewer: Viewer, { signal }: RunContext) {
 *     await viewer.rotate(this.angle, { signal });
 *   }
 * }
 */
export function Extension<Schema extends AnySchema>(
  category: string,
  schema: Schema,
  options?: ExtensionOptions,
): ExtensionBase<SchemaInput<Schema>, SchemaOutput<Schema>>;
export function Extension<Shape extends z.ZodRawShape = Record<never, never>>(
  category: string,
  shape?: Shape,
  options?: ExtensionOptions,
): ExtensionBase<z.input<z.ZodObject<Shape>>, z.output<z.ZodObject<Shape>>>;
export function Extension(
  category: string,
  shapeOrSchema: AnySchema | z.ZodRawShape = {},
  options: ExtensionOptions = {},
): unknown {
  if (!isNamePart(category)) {
    throw new UsageError(`a category is 1–128 of A-Z a-z 0-9 _ . -, not ${JSON.stringify(category)}`);
  }
  const parameters = isSchema(shapeOrSchema) ? shapeOrSchema : z.object(shapeOrSchema);
  const what = `the parameters of an extension in ${category}`;
  const schema = toParameterSchema(parameters, what);
  checkDefaults(parameters, what);

  abstract class Base extends ExtensionInstance {
    static readonly [BRAND] = true;
    static readonly category = category;
    static readonly parameters = parameters;
    static readonly schema = schema;

    constructor(input: unknown = {}) {
      super();
      const checked = check(parameters, input, "/payload");
      if ("errors" in checked) throw createValidationError(new.target.name, checked.errors);
      Object.defineProperty(this, PAYLOAD, { value: input });
      for (const [key, value] of Object.entries(checked.value ?? {})) {
        // A parameter called `run`, or one that an open schema let in, must not stand before a method.
        if (key in this)
          throw createValidationError(new.target.name, [
            { pointer: `/payload/${key}`, detail: "is a reserved name" },
          ]);
        Object.defineProperty(this, key, { value, enumerable: true });
      }
    }
  }
  for (const key of Object.keys(schema["properties"] ?? {})) {
    if (key === "run" || key in Base.prototype)
      throw new UsageError(`a parameter cannot be called ${JSON.stringify(key)}`);
  }
  // `unknown`: that the instance has the fields of its schema is what the constructor does, and the overloads say.
  return Object.assign(Base, options);
}

const isSchema = (value: AnySchema | z.ZodRawShape): value is AnySchema =>
  "~standard" in value || ("_def" in value && typeof value["safeParse"] === "function");

const createValidationError = (name: string, errors: { pointer: string; detail: string }[]) => {
  const first = errors.map(({ pointer, detail }) => `${pointer.replace(/^\/payload/, "") || "/"}: ${detail}`);
  return ValidationError.of(`${name}: ${first.slice(0, 5).join("; ")}`, errors);
};

/** True for a class that `Extension` is a base of, whichever copy of joblib made it. */
export const isExtensionClass = (value: unknown): value is ExtensionClass =>
  typeof value === "function" && BRAND in value && "category" in value && !Object.hasOwn(value, BRAND);

/** The payload that an instance was made from: its input, for a default or a transform is the worker's to apply. */
export const getPayload = (instance: ExtensionInstance): unknown =>
  PAYLOAD in instance ? instance[PAYLOAD] : undefined;

/** An extension with its parameters; that `register` refused a wrong context is known to the types no longer. */
export interface RunnableExtension {
  run(context: unknown, run: RunContext): unknown;
}

/** Makes an instance from a payload that came over the wire; what does not fit is a `ValidationError`. */
export const instantiate = (Class: ExtensionClass, payload: JsonObject): RunnableExtension =>
  Reflect.construct(Class, [payload]);
