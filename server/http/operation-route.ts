import type { FastifyReply, FastifyRequest, RouteOptions } from "fastify";
import type * as z from "zod";
import {
  type Access,
  type FieldError,
  formatWait,
  isRoomId,
  type MinimalResponse,
  type Operation,
  type OperationInput,
  type OperationResponse,
  Problem,
  parseWait,
} from "../../protocol/index.ts";
import { createQuickCheck } from "../../protocol/quick-check.ts";
import { type Caller, requireCaller, requireRoomAccess } from "../access.ts";
import type { HostAuth } from "../host.ts";
import { toResponseBody } from "../raw-json.ts";
import type { Settings } from "../settings.ts";
import type { LongPoll } from "../use-cases/long-poll.ts";
import { validationError } from "../use-cases/schema-checks.ts";
import type { Handler } from "./call.ts";
import { authenticate, NO_CREDENTIALS } from "./callers.ts";
import type { LongPollOptions, LongPolls } from "./long-polls.ts";
import type { UserConcurrencyLimit } from "./user-concurrency-limit.ts";

/** What every route is made with. */
export interface RouteParts {
  readonly auth: HostAuth;
  readonly settings: Settings;
  readonly holds: LongPolls;
  readonly shares: UserConcurrencyLimit;
  readonly prefix: string;
}

const MAX_ERRORS = 100;
const NOBODY: Caller = {
  actor: { id: "", isAdmin: false },
  isConfined: true,
  canAccessRoom: async () => false,
  mayRegister: async () => false,
  credentials: async () => NO_CREDENTIALS,
  namedRooms: async () => [],
};

const pointerOf = (path: readonly PropertyKey[]) =>
  path
    .map((key) => `/${String(key).slice(0, 200).replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("")
    .slice(0, 1000);

const faultsOf = (issues: readonly z.core.$ZodIssue[]): FieldError[] =>
  issues.slice(0, MAX_ERRORS).map(({ path, message }) => ({ pointer: pointerOf(path), detail: message }));

const parsePart = (schema: z.ZodType | undefined, value: unknown, part: string): unknown => {
  if (schema === undefined) return undefined;
  if (createQuickCheck(schema)(value)) return value;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw validationError(`The ${part} does not fit.`, faultsOf(parsed.error.issues));
};

const parseBody = (entry: Operation, body: unknown): unknown => {
  if (entry.body === undefined) return undefined;
  if (body !== undefined) return parsePart(entry.body, body, "body");
  if (entry.bodyOptional === true) return undefined;
  throw new Problem("malformed-request", "A JSON body is needed.");
};

/** A parameter of the path. */
export const getPathParam = (request: FastifyRequest, name: string): string | undefined => {
  const { params } = request;
  if (typeof params !== "object" || params === null || !Object.hasOwn(params, name)) return undefined;
  const value: unknown = Reflect.get(params, name);
  return typeof value === "string" ? value : undefined;
};

const requireRoom = (roomId: string | undefined): void => {
  if (roomId === undefined || (isRoomId(roomId) && roomId.isWellFormed())) return;
  throw new Problem(
    "invalid-room-id",
    "A room is @global, or 1–128 characters without @ : / and white space.",
  );
};

/** True for what this very function has just parsed by the operation's own schemas. */
const isInput = <O extends Operation>(
  entry: O,
  parts: { params: unknown; query: unknown; body: unknown },
  request: FastifyRequest,
): parts is OperationInput<O> => {
  parts.params = parsePart(entry.params, request.params, "path");
  parts.query = parsePart(entry.query, request.query, "query");
  parts.body = parseBody(entry, request.body);
  return true;
};

const inputOf = <O extends Operation>(entry: O, request: FastifyRequest): OperationInput<O> => {
  const parts = { params: undefined, query: undefined, body: undefined };
  if (isInput(entry, parts, request)) return parts;
  throw new Problem("malformed-request", "The request cannot be read.");
};

/** Where an admitted request keeps whose it is: an entry of a WeakMap is dearer by two microseconds, and by what it costs the collector. */
const CALLER = Symbol("caller");

interface Admitted extends FastifyRequest {
  [CALLER]?: Caller;
}

/** Lets a request in by a rule: who it is and which room come before anything else is read. */
export const createAccessCheck = (access: Access, { auth }: Pick<RouteParts, "auth">) => {
  return {
    callerOf: (request: Admitted): Caller => request[CALLER] ?? NOBODY,
    admit: async (request: Admitted): Promise<void> => {
      if (access === "anyone") return;
      const caller = await authenticate(auth, request);
      requireCaller(access, caller);
      const roomId = getPathParam(request, "room_id");
      requireRoom(roomId);
      if (roomId !== undefined) await requireRoomAccess(access, caller, roomId);
      request[CALLER] = caller;
    },
  };
};

/** An operation as a route: who it is and which room comes before the body is read, the rest after. */
export const createOperationRoute = <O extends Operation>(
  entry: O,
  handler: Handler<O>,
  { auth, settings, holds, shares, prefix }: RouteParts,
): RouteOptions => {
  const { admit, callerOf: admitted } = createAccessCheck(entry.access, { auth });

  const hold = <Value>(
    reply: FastifyReply,
    whose: Omit<LongPollOptions, "seconds">,
    work: (hold: LongPoll) => Promise<Value>,
  ): Promise<Value> => {
    const asked = parseWait(reply.request.headers.prefer);
    if (asked === undefined) return holds.during(reply, { ...whose, seconds: 0 }, work);
    const seconds = Math.min(asked, settings.long_poll_max_wait_seconds);
    reply.header("preference-applied", formatWait(seconds));
    return holds.during(reply, { ...whose, seconds }, work);
  };

  return {
    method: entry.method,
    url: entry.path,
    bodyLimit: settings.body_limit,
    config: { exactMembers: entry.exactMembers ?? [] },
    ...(entry.method === "GET" ? { exposeHeadRoute: true } : {}),
    onRequest: admit,
    handler: async (request, reply) => {
      const caller = admitted(request);
      const userId = caller.actor.id;
      const putBack = shares.take(userId);
      try {
        const { params, query, body } = inputOf(entry, request);
        const answer = await handler({
          params,
          query,
          body,
          caller,
          request,
          reply,
          prefix,
          hold: (work) => hold(reply, { userId, what: "request", onWait: putBack }, work),
        });
        return sendAnswer(reply, answer);
      } finally {
        putBack();
      }
    },
  };
};

const sendAnswer = <O extends Operation>(
  reply: FastifyReply,
  answer: OperationResponse<O> | MinimalResponse<O>,
): FastifyReply => {
  const { body, headers } = answer;
  const status: number = answer.status;
  if (headers !== undefined) reply.headers(headers);
  if (body === null) return reply.code(status).send();
  return reply
    .code(status)
    .header("content-type", "application/json; charset=utf-8")
    .send(toResponseBody(body));
};
