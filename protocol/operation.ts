import * as z from "zod";
import type { ProblemId } from "./problem.ts";

/** The path of the API, under the plugin's prefix. */
export const API_PATH = "/v1/joblib";

/**
 * Names of the `<meta>` elements that the server writes into the dashboard's page. `api` contains
 * the part of the API's path before `/v1/joblib`; it is empty if there is none. `root` contains the
 * path of the dashboard, with a trailing slash.
 */
export const DASHBOARD_META = { api: "joblib-api", root: "joblib-root" } as const;

/**
 * The access rules of operations, with a description of the callers that each rule allows. The
 * server enforces the rules, and the documentation of the API shows the descriptions.
 */
export const ACCESS_RULES = {
  anyone: "everyone, without credentials",
  user: "any authenticated user",
  "room-read": "users with read access to the room",
  "room-write": "users with write access to the room",
  "room-register":
    "users with write access to the room; in `@global`, they must also be admins or have been invited to `@global`",
  "task-read":
    "users with read access to the task's room, the submitter of the task, and the owner of the worker that runs it",
  "task-update":
    "the owner of the worker that runs the task, and admins; to cancel the task, also its submitter",
  "task-submitter": "the submitter of the task, and admins",
  "file-read": "the creator of the file, admins, and users with read access to a task that has the file",
  "file-upload": "the creator of the file",
  "worker-owner": "the owner of the worker",
  "worker-end": "the owner of the worker, and admins",
  "worker-read": "the owner of the worker, admins, and users with read access to the room of one of its jobs",
  "invitation-owner": "the creator of the invitation, and admins",
  admin: "admins",
} as const;

export type Access = keyof typeof ACCESS_RULES;

type IdempotentMethod = "GET" | "PUT" | "DELETE";

/**
 * The declaration of one operation of the API. The server's routes, the API documentation, the
 * client and the fake server for tests are derived from these declarations.
 */
export interface Operation {
  readonly method: IdempotentMethod | "POST" | "PATCH";
  /** The path. Parameters are written as `:name`. */
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  /**
   * Whether a client may repeat a request if it does not know whether the server has executed it.
   * GET, PUT and DELETE are idempotent (RFC 9110, section 9.2.2), so only POST and PATCH operations
   * declare this member. A repeated claim is harmless: if the first response was lost, the worker's
   * heartbeats do not list its tasks, so the server requeues them. A repeated creation of a worker
   * leaves an unused worker, which the sweep removes. A repeated submit is recognized by its
   * idempotency key.
   */
  readonly retryable: boolean;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** Members of the body in which integers beyond ±2^53 keep their exact value. */
  readonly exactMembers?: readonly string[];
  /** True if the request body is optional. */
  readonly bodyOptional?: boolean;
  /** Descriptions of the request headers that the operation reads, by lower-case name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Schemas of the successful responses by status; null means no body. */
  readonly responses: Readonly<Record<number, z.ZodType | null>>;
  /** Descriptions of the successful responses, by status. */
  readonly responseDescriptions: Readonly<Record<number, string>>;
  /** Schemas of the minimal responses (`Prefer: return=minimal`) by status. */
  readonly minimal?: Readonly<Record<number, z.ZodType>>;
  /** Problems that the operation can return in addition to `COMMON_PROBLEMS`. */
  readonly problems: readonly ProblemId[];
}

/** An operation whose request or response body is not JSON. Its bodies are streamed. */
export interface TransferOperation
  extends Pick<Operation, "path" | "summary" | "access" | "problems" | "responseDescriptions"> {
  readonly method: "GET" | "HEAD" | "PATCH" | "PUT";
  readonly params: z.ZodType;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * The body that is streamed: that of the request or that of the response. The other body is
   * empty.
   */
  readonly content: "request" | "response" | "none";
}

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

/** Describes the header of a long poll. `end` completes "keep the request open until". */
export const createWaitHeader = (end: string) => ({
  prefer: `\`wait=N\`: keep the request open for up to N seconds until ${end} (RFC 7240)`,
});

export const RETURN_HEADER = {
  prefer: "`return=minimal`: omit from the response what the request contained (RFC 7240)",
};

type Declaration = Omit<Operation, "method" | "retryable"> &
  (Pick<Operation, "method" | "retryable"> | { readonly method: IdempotentMethod });

/** Declares an operation. `method`, `responses` and the other members keep their literal types. */
export function operation<const O extends Declaration>(entry: O): O & Pick<Operation, "retryable"> {
  return { retryable: true, ...entry };
}

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

type ResponseWith<Schemas> = {
  [Status in keyof Schemas & number]: {
    readonly status: Status;
    readonly body: Schemas[Status] extends z.ZodType ? z.output<Schemas[Status]> : null;
    readonly headers?: Readonly<Record<string, string>>;
  };
}[keyof Schemas & number];

export type OperationResponse<O extends Operation> = ResponseWith<O["responses"]>;

/** A response to `Prefer: return=minimal`. */
export type MinimalResponse<O extends Operation> = ResponseWith<O["minimal"]>;

/**
 * Returns the schema of the full or minimal response with a status. null means that the response
 * has no body.
 */
export function getResponseSchema(
  { responses, minimal }: Pick<Operation, "responses" | "minimal">,
  status: number,
): z.ZodType | null | undefined {
  const [whole, short] = [responses[status], minimal?.[status]];
  return whole && short ? z.union([whole, short]) : whole;
}

/**
 * Fills in the parameters of a path, percent-encoded (RFC 3986) except for `@` and `:`. A parameter
 * must not be `.` or `..`, because URL parsers treat these as relative path segments even if they
 * are encoded.
 */
export function fillPath(path: string, params: Readonly<Record<string, string>> = {}): string {
  return path.replace(/:([a-z_]+)/g, (_, name: string) =>
    encodeURIComponent(params[name] ?? "")
      .replace(/%40/g, "@")
      .replace(/%3A/g, ":"),
  );
}
