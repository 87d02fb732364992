import * as z from "zod";
import type { Access } from "./access.ts";
import type { ProblemId } from "./problem.ts";

/** One operation of the API. Routes, documentation, client and fakes are derived from it. */
export interface Operation {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** The path. Parameters are written as `:name`. */
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** Members of the body whose numbers keep their exact value, whatever their size. */
  readonly exactMembers?: readonly string[];
  /** True if the request body is optional. */
  readonly bodyOptional?: boolean;
  /** Descriptions of the request headers that the operation reads, by lower-case name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Schemas of the successful responses by status; null means no body. */
  readonly responses: Readonly<Record<number, z.ZodType | null>>;
  /** Schemas of the minimal responses (`Prefer: return=minimal`) by status. */
  readonly minimal?: Readonly<Record<number, z.ZodType>>;
  /** Problems that the operation can return in addition to `COMMON_PROBLEMS`. */
  readonly problems: readonly ProblemId[];
}

/** Problems that any operation can return. */
export const COMMON_PROBLEMS = [
  "malformed-request",
  "unauthorized",
  "forbidden",
  "validation-error",
  "payload-too-large",
  "unsupported-media-type",
  "rate-limited",
  "internal-error",
  "service-unavailable",
] as const satisfies readonly ProblemId[];

/** Declares an operation and keeps its literal types. */
export const operation = <const O extends Operation>(entry: O): O => entry;

type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;
type Input<Schema> = Schema extends z.ZodType ? z.input<Schema> : undefined;

/** The validated parts of a request, as a handler receives them. */
export interface OperationInput<O extends Operation> {
  readonly params: Parsed<O["params"]>;
  readonly query: Parsed<O["query"]>;
  readonly body: O["bodyOptional"] extends true ? Parsed<O["body"]> | undefined : Parsed<O["body"]>;
}

type Part<Name extends string, Value> = [Value] extends [undefined]
  ? { readonly [Key in Name]?: undefined }
  : Partial<Value> extends Value
    ? { readonly [Key in Name]?: Value }
    : { readonly [Key in Name]: Value };

type BodyPart<O extends Operation> = O["bodyOptional"] extends true
  ? { readonly body?: Input<O["body"]> }
  : Part<"body", Input<O["body"]>>;

/** The parts of a request, as a client passes them. */
export type OperationRequest<O extends Operation> = Part<"params", Input<O["params"]>> &
  Part<"query", Input<O["query"]>> &
  BodyPart<O>;

export type OperationResponse<O extends Operation> = {
  [Status in keyof O["responses"] & number]: {
    readonly status: Status;
    readonly body: O["responses"][Status] extends z.ZodType ? z.output<O["responses"][Status]> : null;
    readonly headers?: Readonly<Record<string, string>>;
  };
}[keyof O["responses"] & number];

/** A minimal response (`Prefer: return=minimal`). */
export type MinimalResponse<O extends Operation> = {
  [Status in keyof O["minimal"] & number]: {
    readonly status: Status;
    readonly body: O["minimal"] extends Readonly<Record<Status, z.ZodType>>
      ? z.output<O["minimal"][Status]>
      : never;
    readonly headers?: Readonly<Record<string, string>>;
  };
}[keyof O["minimal"] & number];

/**
 * Returns the schema of the full or minimal response with a status. null means that the response has no body.
 */
export const getResponseSchema = (
  { responses, minimal }: Pick<Operation, "responses" | "minimal">,
  status: number,
): z.ZodType | null | undefined => {
  const [whole, short] = [responses[status], minimal?.[status]];
  return whole && short ? z.union([whole, short]) : whole;
};

/** Cache of split paths. The parts of a path are alternately literal text and parameter names. */
const splitPaths = new Map<string, readonly string[]>();

/** Fills in the parameters of a path. They are percent-encoded (RFC 3986). */
export const fillPath = (path: string, params: Readonly<Record<string, string>> = {}): string => {
  let parts = splitPaths.get(path);
  if (parts === undefined) {
    parts = path.split(/:([a-z_]+)/);
    splitPaths.set(path, parts);
  }
  let filled = parts[0] ?? "";
  for (let at = 1; at < parts.length; at += 2)
    filled += encodeSegment(params[parts[at] ?? ""] ?? "") + (parts[at + 1] ?? "");
  return filled;
};

/** Segments that need no encoding, which are most of them. */
const PLAIN = /^[\w.~@:-]*$/;

/**
 * Encodes a path segment. The dots of `.` and `..` are encoded as well, but URL parsers may still resolve
 * them.
 */
const encodeSegment = (text: string) =>
  PLAIN.test(text) ? text : encodeURIComponent(text).replace(/%40/g, "@").replace(/%3A/g, ":");
