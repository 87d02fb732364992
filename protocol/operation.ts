import * as z from "zod";
import type { Access } from "./access.ts";
import type { ProblemId } from "./problem.ts";

/** One operation of the API: all that routes, documents, client and fakes are made from. */
export interface Operation {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With `:name` for a parameter. */
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** Members of the body whose numbers are kept as they are written, whatever their size. */
  readonly exactMembers?: readonly string[];
  /** A body may be left out altogether. */
  readonly bodyOptional?: boolean;
  /** Request headers that the operation reads, lower case, with what they mean. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The answers that are no problem; null has no body. */
  readonly responses: Readonly<Record<number, z.ZodType | null>>;
  /** The answers in their place where `Prefer: return=minimal` was asked for, and applied. */
  readonly minimal?: Readonly<Record<number, z.ZodType>>;
  /** The problems that it can answer beyond those that every operation can. */
  readonly problems: readonly ProblemId[];
}

/** Problems that any operation may answer. */
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

/** Keeps the literal types of an entry. */
export const operation = <const O extends Operation>(entry: O): O => entry;

type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;
type Given<Schema> = Schema extends z.ZodType ? z.input<Schema> : undefined;

/** What a handler gets: the parts of a request after they were checked. */
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
  ? { readonly body?: Given<O["body"]> }
  : Part<"body", Given<O["body"]>>;

/** What a caller gives: the parts of a request. */
export type OperationRequest<O extends Operation> = Part<"params", Given<O["params"]>> &
  Part<"query", Given<O["query"]>> &
  BodyPart<O>;

/** What an operation answers when all is well: its status and its body. */
export type OperationAnswer<O extends Operation> = {
  [Status in keyof O["responses"] & number]: {
    readonly status: Status;
    readonly body: O["responses"][Status] extends z.ZodType ? z.output<O["responses"][Status]> : null;
    readonly headers?: Readonly<Record<string, string>>;
  };
}[keyof O["responses"] & number];

/** What it may answer in the place of that to who asked for `return=minimal`. */
export type MinimalAnswer<O extends Operation> = {
  [Status in keyof O["minimal"] & number]: {
    readonly status: Status;
    readonly body: O["minimal"] extends Readonly<Record<Status, z.ZodType>>
      ? z.output<O["minimal"][Status]>
      : never;
    readonly headers?: Readonly<Record<string, string>>;
  };
}[keyof O["minimal"] & number];

/** The schema of an answer with that status, whichever way it was asked for; null has no body. */
export const answerSchema = (
  { responses, minimal }: Pick<Operation, "responses" | "minimal">,
  status: number,
): z.ZodType | null | undefined => {
  const [whole, brief] = [responses[status], minimal?.[status]];
  return whole && brief ? z.union([whole, brief]) : whole;
};

/** A path's parts, in turns what stands there and a parameter's name: it is taken apart once, and filled at every request. */
const partsOf = new Map<string, readonly string[]>();

/** The path with its parameters put in, each percent-encoded (RFC 3986). */
export const fillPath = (path: string, params: Readonly<Record<string, string>> = {}): string => {
  let parts = partsOf.get(path);
  if (parts === undefined) {
    parts = path.split(/:([a-z_]+)/);
    partsOf.set(path, parts);
  }
  let filled = parts[0] ?? "";
  for (let at = 1; at < parts.length; at += 2)
    filled += encodeSegment(params[parts[at] ?? ""] ?? "") + (parts[at + 1] ?? "");
  return filled;
};

/** What needs no encoding, and nearly all is. */
const PLAIN = /^[\w.~@:-]*$/;

/** `.` and `..` would be taken for steps in the path: their dots are encoded too, though URL parsers still fold them. */
const encodeSegment = (text: string) =>
  PLAIN.test(text) ? text : encodeURIComponent(text).replace(/%40/g, "@").replace(/%3A/g, ":");
