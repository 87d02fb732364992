import type { FastifyReply, FastifyRequest, RouteOptions } from "fastify";
import type * as z from "zod";
import {
  type Access,
  type FieldError,
  formatWait,
  isRoomId,
  type Operation,
  type OperationInput,
  Problem,
  parseWait,
} from "../../protocol/index.ts";
import { type Caller, requireCaller, requireRoomAccess } from "../access.ts";
import type { HostAuth } from "../host.ts";
import { toResponseBody } from "../raw-json.ts";
import type { Settings } from "../settings.ts";
import type { LongPoll } from "../state/long-poll.ts";
import { validationError } from "../use-cases/jobs/schema-checks.ts";
import type { Handler } from "./call.ts";
import { authenticate, NO_CREDENTIALS } from "./callers.ts";
import type { LongPollOptions, LongPolls } from "./long-polls.ts";
import type { UserConcurrencyLimit } from "./user-concurrency-limit.ts";

export interface RouteDependencies {
  readonly auth: HostAuth;
  readonly settings: Settings;
  readonly longPolls: LongPolls;
  readonly userLimit: UserConcurrencyLimit;
  readonly prefix: string;
}

/** Maximum number of validation errors in a response. */
const MAX_ERRORS = 100;

/** The caller of operations that need no authentication. */
const ANONYMOUS: Caller = {
  actor: { id: "", isAdmin: false },
  isConfined: true,
  canAccessRoom: async () => false,
  canRegister: async () => false,
  getCredentials: async () => NO_CREDENTIALS,
  listRooms: async () => [],
};

function toFieldErrors(issues: readonly z.core.$ZodIssue[]): FieldError[] {
  return issues
    .slice(0, MAX_ERRORS)
    .map(({ path, message }) => ({ pointer: toPointer(path), detail: message }));
}

function parsePart(schema: z.ZodType | undefined, value: unknown, part: string): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw validationError(`The ${part} is invalid; see \`errors\`.`, toFieldErrors(parsed.error.issues));
}

function parseBody(operation: Operation, body: unknown): unknown {
  if (operation.body === undefined) return undefined;
  if (body !== undefined) return parsePart(operation.body, body, "body");
  if (operation.bodyOptional === true) return undefined;
  throw new Problem("malformed-request", "A JSON body is required.");
}

/** Returns a parameter of the path. */
export function getPathParam(request: FastifyRequest, name: string): string | undefined {
  const { params } = request;
  if (typeof params !== "object" || params === null || !Object.hasOwn(params, name)) return undefined;
  const value: unknown = Reflect.get(params, name);
  return typeof value === "string" ? value : undefined;
}

function requireValidRoomId(roomId: string | undefined): void {
  if (roomId === undefined || (isRoomId(roomId) && roomId.isWellFormed())) return;
  throw new Problem(
    "invalid-room-id",
    "A room id must be @global, or 1–128 characters without @, :, / and white space.",
  );
}

/** Parses the parts of a request with the schemas of its operation, which also determine the types of the parts. */
function parseInput<O extends Operation>(operation: O, request: FastifyRequest): OperationInput<O>;
function parseInput(operation: Operation, request: FastifyRequest): OperationInput<Operation> {
  return {
    params: parsePart(operation.params, request.params, "path"),
    query: parsePart(operation.query, request.query, "query"),
    body: parseBody(operation, request.body),
  };
}

/**
 * Property of a request that stores its caller. A WeakMap took 2 µs more per request, plus garbage
 * collection.
 */
const CALLER = Symbol("caller");

interface AuthorizedRequest extends FastifyRequest {
  [CALLER]?: Caller;
}

/** Creates the check of an access rule. It authenticates the caller and checks the room before the body is read. */
export function createAccessCheck(access: Access, { auth }: Pick<RouteDependencies, "auth">) {
  return {
    /** Returns the caller of a request that passed the check. */
    getCaller: (request: AuthorizedRequest): Caller => request[CALLER] ?? ANONYMOUS,
    /** Throws a 400, 401 or 403 if the request does not pass. */
    requireAccess: async (request: AuthorizedRequest): Promise<void> => {
      if (access === "anyone") return;
      const caller = await authenticate(auth, request);
      requireCaller(access, caller);
      const roomId = getPathParam(request, "room_id");
      requireValidRoomId(roomId);
      if (roomId !== undefined) await requireRoomAccess(access, caller, roomId);
      request[CALLER] = caller;
    },
  };
}

/** Creates the route of an operation. Access is checked before the body is read, the body is validated afterwards. */
export function createOperationRoute<O extends Operation>(
  operation: O,
  handler: Handler<O>,
  { auth, settings, longPolls, userLimit, prefix }: RouteDependencies,
): RouteOptions {
  const { requireAccess, getCaller } = createAccessCheck(operation.access, { auth });

  const runLongPoll = <Value>(
    reply: FastifyReply,
    options: Omit<LongPollOptions, "seconds">,
    work: (longPoll: LongPoll) => Promise<Value>,
  ): Promise<Value> => {
    const requested = parseWait(reply.request.headers.prefer);
    if (requested === undefined) return longPolls.run(reply, { ...options, seconds: 0 }, work);
    const seconds = Math.min(requested, settings.long_poll_max_wait_seconds);
    reply.header("preference-applied", formatWait(seconds));
    return longPolls.run(reply, { ...options, seconds }, work);
  };

  return {
    method: operation.method,
    url: operation.path,
    bodyLimit: settings.body_limit,
    config: { exactMembers: operation.exactMembers ?? [] },
    ...(operation.method === "GET" ? { exposeHeadRoute: true } : {}),
    onRequest: requireAccess,
    handler: async (request, reply) => {
      const caller = getCaller(request);
      const userId = caller.actor.id;
      const release = userLimit.acquire(userId);
      try {
        const { params, query, body } = parseInput(operation, request);
        const response = await handler({
          params,
          query,
          body,
          caller,
          request,
          reply,
          prefix,
          runLongPoll: (work) => runLongPoll(reply, { userId, kind: "request", onWait: release }, work),
        });
        return sendResponse(reply, response);
      } finally {
        release();
      }
    },
  };
}

function sendResponse(
  reply: FastifyReply,
  response: {
    readonly status: number;
    readonly body: unknown;
    readonly headers?: Readonly<Record<string, string>>;
  },
): FastifyReply {
  const { status, body, headers } = response;
  if (headers !== undefined) reply.headers(headers);
  if (body === null) return reply.code(status).send();
  return reply
    .code(status)
    .header("content-type", "application/json; charset=utf-8")
    .send(toResponseBody(body));
}
