import * as z from "zod";
import type { Fairness, FieldError, JsonObject, Task } from "../../protocol/index.ts";
import { isNamePart } from "../../protocol/index.ts";
import { UsageError, ValidationError } from "../errors.ts";
import type { TaskLogger } from "../logger.ts";
import { checkDefaults, toParameterSchema } from "./parameter-schema.ts";
import { type AnySchema, type SchemaInput, type SchemaOutput, validate } from "./standard-schema.ts";
import type { TaskDefaultOptions } from "./task-options.ts";

/** The output of a task, which can be read while the task runs: `run.output` and `task.output`. */
export interface TaskOutput {
  /**
   * Appends a part: text, or any other JSON value. Resolves when the next part can be added, so
   * await every call to limit the worker's memory. Does not wait until a client has read the part.
   * All parts are stored before the task ends. Rejects with `NotJsonError` if the part is not JSON,
   * `OutputTooLargeError` if the output exceeds the server's limit, and `TaskLostError` if the
   * lease is lost.
   */
  write(part: unknown): Promise<void>;
}

/** The second argument of an extension's `run`. */
export interface RunContext {
  /**
   * Aborted when the task is cancelled, timed out or lost (`TaskLostError`), or interrupted
   * (`InterruptedError`).
   */
  readonly signal: AbortSignal;
  /**
   * Reports the task's progress: a fraction from 0 to 1 and a message of up to 1,000 characters.
   * Only the latest report is kept. Never throws.
   */
  readonly progress: (fraction?: number, message?: string) => void;
  /** The task as it was when it was started. */
  readonly task: Task;
  /** The worker's logger. Lines that are logged with it are also stored with the task. */
  readonly log: TaskLogger;
  /** The output of the task. A `run` that is a generator can also `yield` the parts. */
  readonly output: TaskOutput;
}

/** Options of an extension: static members of its class, or the last argument of `Extension`. */
export interface ExtensionOptions {
  /** The room or rooms of the job. Default: the manager's room. */
  readonly room?: string | readonly string[];
  /** If true, the job is registered in `@global` and visible in all rooms. Default: false. */
  readonly public?: boolean | undefined;
  /** The schema of the value that `run` returns. Default: any JSON. */
  readonly result?: AnySchema;
  /** Description of the job in the dashboard and CLI. */
  readonly description?: string | undefined;
  /** Default options of the job's tasks. */
  readonly defaults?: TaskDefaultOptions | undefined;
  /**
   * The order of tasks with the same priority. `"fifo"` (default): the oldest first. `"room"`: the
   * tasks of different rooms alternate, so that thousands of tasks in one room do not delay the
   * tasks of other rooms.
   */
  readonly fairness?: Fairness | undefined;
}

/**
 * The static members of every extension class. They do not include the options, so that a class can
 * declare options without `override`.
 */
export interface ExtensionStatics {
  readonly category: string;
  readonly parameters: AnySchema;
  /** The JSON Schema of the payload. */
  readonly schema: JsonObject;
}

const BRAND = Symbol.for("joblib.extension");
const PAYLOAD = Symbol.for("joblib.payload");

/** Base class of all extensions. */
export abstract class ExtensionInstance {
  /**
   * Runs a task. The result of the task is the returned value as JSON. If the method throws an
   * error, the attempt fails. The method can be a generator, sync or async: each value that it
   * yields is a part of the task's output.
   */
  abstract run(context: never, run: RunContext): unknown;
}

/**
 * An extension class that can be registered with a job manager whose context has the type
 * `Context`.
 */
export interface ExtensionClass<Context = never> extends ExtensionStatics, ExtensionOptions {
  readonly name: string;
  readonly prototype: object;
  // `run` is a property instead of a method, because TypeScript compares the parameters of methods
  // bivariantly: it would accept a class whose `run` requires a different context.
  new (input: never): { readonly run: (context: Context, run: RunContext) => unknown };
}

/**
 * The type of an instance's fields, which are its parsed parameters. If there are no parameters,
 * the type is `object`, because zod's output type of an empty shape forbids all members, even
 * `run`.
 */
export type Fields<Output> = [Output[keyof Output]] extends [never] ? object : Readonly<Output>;

type ConstructorInput<Input> = Record<never, never> extends Input ? [input?: Input] : [input: Input];

/** The base class that `Extension` returns. */
export type ExtensionBase<Input, Output> = ExtensionStatics &
  (abstract new (
    ...input: ConstructorInput<Input>
  ) => ExtensionInstance & Fields<Output>);

/**
 * Creates the base class of an extension. The constructor takes the input of the parameters, and
 * throws `ValidationError` if the input is invalid. The instance has the parsed parameters as
 * read-only fields. The parameters are an object of zod 4 types, or a schema of zod 4, zod 3 or any
 * library with Standard JSON Schema. Throws `UsageError` for an invalid category, a schema that is
 * not an object, an invalid default, or a reserved name.
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
/** Creates the base class of an extension whose parameters are an object of zod 4 types. */
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
  if (!isNamePart(category))
    throw new UsageError(
      `${JSON.stringify(category)} is not a valid category: use 1 to 128 of A-Z a-z 0-9 _ . -`,
    );
  const parameters = isSchema(shapeOrSchema) ? shapeOrSchema : z.object(shapeOrSchema);
  const label = `the parameters of an extension in ${category}`;
  const schema = toParameterSchema(parameters, label);
  checkDefaults(parameters, label);

  abstract class Base extends ExtensionInstance {
    static readonly [BRAND] = true;
    static readonly category = category;
    static readonly parameters = parameters;
    static readonly schema = schema;

    constructor(input: unknown = {}) {
      super();
      const validated = validate(parameters, input, "/payload");
      if ("errors" in validated) throw createPayloadError(new.target.name, validated.errors);
      Object.defineProperty(this, PAYLOAD, { value: input });
      for (const [key, value] of Object.entries(validated.value ?? {})) {
        // A parameter named `run`, or an unknown member of a loose schema, must not hide a method.
        if (key in this)
          throw createPayloadError(new.target.name, [
            { pointer: `/payload/${key}`, detail: "is a reserved name" },
          ]);
        Object.defineProperty(this, key, { value, enumerable: true });
      }
    }
  }
  for (const key of Object.keys(schema["properties"] ?? {})) {
    if (key === "run" || key in Base.prototype)
      throw new UsageError(`${JSON.stringify(key)} is a reserved name: rename the parameter`);
  }
  // The constructor defines the fields at run time, so only the overloads declare their types.
  return Object.assign(Base, options);
}

const isSchema = (value: AnySchema | z.ZodRawShape): value is AnySchema =>
  "~standard" in value || ("_def" in value && typeof value["safeParse"] === "function");

const createPayloadError = (name: string, errors: FieldError[]) => {
  const messages = errors.map(
    ({ pointer, detail }) => `${pointer.slice("/payload".length) || "/"}: ${detail}`,
  );
  return ValidationError.create(`${name}: ${messages.slice(0, 5).join("; ")}`, errors);
};

/**
 * Returns true if the class extends `Extension(…)` of this or any other installed copy of joblib.
 */
export const isExtensionClass = (value: unknown): value is ExtensionClass =>
  typeof value === "function" && BRAND in value && "category" in value && !Object.hasOwn(value, BRAND);

/**
 * Returns the payload to submit: the input of the instance's constructor, before defaults and
 * transforms are applied, because the worker applies them.
 */
export const getPayload = (instance: ExtensionInstance): unknown =>
  PAYLOAD in instance ? instance[PAYLOAD] : undefined;

/**
 * An instance of an extension. The type of the context is `unknown`, because it was already checked
 * when the class was passed to `register`.
 */
export interface RunnableExtension {
  run(context: unknown, run: RunContext): unknown;
}

/**
 * Creates an instance of an extension from the payload of a task. Throws `ValidationError` if the
 * payload is invalid.
 */
export function instantiate(Class: ExtensionClass, payload: JsonObject): RunnableExtension {
  return Reflect.construct(Class, [payload]);
}

/**
 * Parses the value that `run` returned with the job's result schema. The returned value may contain
 * local files, which are uploaded later. Throws `ValidationError` if the value does not match the
 * schema.
 */
export function convertResult(Class: ExtensionClass | undefined, result: unknown): unknown {
  if (Class?.result === undefined) return result;
  const validated = validate(Class.result, result, "/result");
  if ("value" in validated) return validated.value;
  const [first] = validated.errors;
  throw ValidationError.create(`${first?.pointer}: ${first?.detail}`, validated.errors);
}
