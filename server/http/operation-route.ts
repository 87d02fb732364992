import type { FastifyReply, FastifyRequest, RouteOptions } from "fastify";
import type * as z from "zod";
import {
  formatWait,
  type MinimalResponse,
  type Operation,
  type OperationInput,
  type OperationName,
  type OperationResponse,
  type Operations,
  parseWait,
} from "../../protocol/index.ts";
import type { Caller } from "../access.ts";
import type { HostAuth } from "../auth/host-auth.ts";
import { type Serializable, toResponseBody } from "../raw-json.ts";
import type { Settings } from "../settings/settings.ts";
import type { LongPoll } from "../state/long-poll.ts";
import { validationError } from "../use-cases/jobs/schema-checks.ts";
import { getCaller, requireAccess } from "./callers.ts";
import type { LongPolls } from "./long-polls.ts";
import { malformed, toPointer } from "./problems.ts";
import type { UserConcurrencyLimit } from "./user-concurrency-limit.ts";

/** A request that was authorized and validated. */
export interface Call<O extends Operation> extends OperationInput<O> {
  readonly caller: Caller;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** The path prefix of the plugin, for the `Location` header. */
  readonly prefix: string;
  /**
   * Runs work that may wait for the time in `Prefer: wait`. Sets the header `Preference-Applied`.
   */
  runLongPoll<Value>(work: (longPoll: LongPoll) => Promise<Value>): Promise<Value>;
}

type WithSerializableBody<Response> = Response extends { readonly body: infer Body }
  ? Omit<Response, "body"> & { readonly body: Serializable<Body> }
  : never;

/** Handles the calls of one operation. Parts of the response body may already be serialized. */
export type Handler<O extends Operation> = (
  call: Call<O>,
) => Promise<WithSerializableBody<OperationResponse<O> | MinimalResponse<O>>>;

export type Handlers = { readonly [Name in OperationName]: Handler<Operations[Name]> };

export function ok<Body>(body: Body): { readonly status: 200; readonly body: Body } {
  return { status: 200, body };
}

export interface RouteDependencies {
  readonly auth: HostAuth;
  readonly settings: Settings;
  readonly longPolls: LongPolls;
  readonly userLimit: UserConcurrencyLimit;
  readonly prefix: string;
}

const MAX_ERRORS = 100;

interface SentResponse {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Creates the route of an operation. Access is checked before the body is read. */
export function createOperationRoute<O extends Operation>(
  operation: O,
  handler: Handler<O>,
  { auth, settings, longPolls, userLimit, prefix }: RouteDependencies,
): RouteOptions {
  return {
    method: operation.method,
    url: operation.path,
    bodyLimit: settings.body_limit,
    config: { exactMembers: operation.exactMembers ?? [] },
    ...(operation.method === "GET" ? { exposeHeadRoute: true } : {}),
    onRequest: (request) => requireAccess(operation.access, auth, request),
    handler: async (request, reply) => {
      const caller = getCaller(request);
      const userId = caller.actor.id;
      const release = userLimit.acquire(userId);
      try {
        const {
          status,
          body,
          headers = {},
        }: SentResponse = await handler({
          ...parseInput(operation, request),
          caller,
          request,
          reply,
          prefix,
          runLongPoll: (work) => {
            const seconds = applyWait(reply, settings);
            return longPolls.run(reply, { seconds, userId, kind: "request", onWait: release }, work);
          },
        });
        reply.code(status).headers(headers);
        if (body === null) return reply.send();
        return reply.type("application/json; charset=utf-8").send(toResponseBody(body));
      } finally {
        release();
      }
    },
  };
}

/**
 * Validates the path parameters, the query and the body. The first signature derives their types
 * from the operation.
 */
function parseInput<O extends Operation>(operation: O, request: FastifyRequest): OperationInput<O>;
function parseInput(operation: Operation, request: FastifyRequest): OperationInput<Operation> {
  const { params, query, body, bodyOptional = false } = operation;
  const input = {
    params: parsePart(params, request.params, "path"),
    query: parsePart(query, request.query, "query"),
  };
  if (request.body !== undefined) return { ...input, body: parsePart(body, request.body, "body") };
  if (body !== undefined && !bodyOptional) throw malformed("A JSON body is required.");
  return { ...input, body: undefined };
}

/** Parses a part of a request. Throws a 422 problem if the part does not match the schema. */
export function parsePart(schema: z.ZodType | undefined, value: unknown, part: string): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues
    .slice(0, MAX_ERRORS)
    .map(({ path, message }) => ({ pointer: toPointer(path), detail: message }));
  throw validationError(`The ${part} is invalid; see \`errors\`.`, errors);
}

/**
 * Returns the seconds that a request may wait, and adds them to the response as
 * `Preference-Applied`.
 */
function applyWait(reply: FastifyReply, settings: Pick<Settings, "long_poll_max_wait_seconds">): number {
  const requested = parseWait(reply.request.headers.prefer);
  if (requested === undefined) return 0;
  const seconds = Math.min(requested, settings.long_poll_max_wait_seconds);
  reply.header("preference-applied", formatWait(seconds));
  return seconds;
}
