import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from "fastify";
import {
  ANSWER_TTL_HEADER,
  AnswerTtl,
  DEFAULT_READ_WAIT_SECONDS,
  formatWait,
  parseWait,
  type TransferOperation,
  readTransfers as transfers,
} from "../../protocol/index.ts";
import type { Context } from "../context.ts";
import { matchesTag } from "../if-none-match.ts";
import type { LongPoll } from "../state/long-poll.ts";
import type { Answer, AnswerFacts } from "../state/reads/answer.ts";
import { answerRead } from "../use-cases/providers/answer-read.ts";
import { type ProvidedAnswer, readFromProvider } from "../use-cases/providers/read-from-provider.ts";
import { getCaller, getPathParam, requireAccess } from "./callers.ts";
import type { RouteDependencies } from "./operation-route.ts";
import { malformed, routeNotFound } from "./problems.ts";

/**
 * Time within which a client must accept the next part of an answer, in milliseconds. Without a
 * limit, a client that stops reading would keep the answer in memory.
 */
const STALL_MS = 30_000;
/**
 * Time for clients to receive the rest of an answer when the server shuts down, in milliseconds.
 */
const GRACE_MS = 5_000;

/** Maximum time for which the rest of a rejected answer is read and discarded, in milliseconds. */
const DISCARD_MS = 10_000;

/**
 * Adds the routes with bodies that are not JSON: the requests of clients to providers, and the
 * answers of workers.
 */
export function addTransferRoutes(
  app: FastifyInstance,
  context: Context,
  dependencies: RouteDependencies,
): void {
  app.route(createReadRoute(context, dependencies));
  app.register(async (scope) => {
    // The body is not parsed: the handler reads the request as a stream.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    scope.route(createAnswerRoute(context, dependencies));
  });
}

function createReadRoute(context: Context, dependencies: RouteDependencies): RouteOptions {
  const { settings, longPolls, userLimit } = dependencies;
  return {
    ...createRoute(transfers.readFromProvider, dependencies),
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      const caller = getCaller(request);
      const roomId = requireParam(request, "room_id");
      const providerName = requireParam(request, "provider_name");
      const [, query = ""] = /\?([^#]*)/.exec(request.url) ?? [];
      const requested = parseWait(request.headers.prefer) ?? DEFAULT_READ_WAIT_SECONDS;
      const seconds = Math.min(requested, settings.long_poll_max_wait_seconds);
      reply.header("preference-applied", formatWait(seconds));
      const userId = caller.actor.id;
      const release = userLimit.acquire(userId);
      reply.raw.once("close", release);
      const options = { seconds, userId, kind: "request", onWait: release } as const;
      await longPolls.run(reply, options, async (longPoll) => {
        const input = { roomId, providerName, query, longPoll };
        const provided = await readFromProvider(context, caller, input);
        try {
          await sendAnswer(reply, provided, longPoll);
        } finally {
          provided.answer.release();
        }
      });
      return reply;
    },
  };
}

function createAnswerRoute(context: Context, dependencies: RouteDependencies): RouteOptions {
  const { userLimit } = dependencies;
  return {
    ...createRoute(transfers.answerRead, dependencies),
    handler: async (request, reply) => {
      const caller = getCaller(request);
      const workerId = requireParam(request, "worker_id");
      const readId = requireParam(request, "read_id");
      const facts = parseFacts(request);
      const release = userLimit.acquire(caller.actor.id);
      try {
        // If the request has no body, Fastify passes no stream. `destroyOnReturn` is false, because
        // otherwise an error would close the connection before the error response is sent.
        const body =
          request.body instanceof Readable ? request.body.iterator({ destroyOnReturn: false }) : noBody();
        await answerRead(context, caller, { workerId, readId, facts, body });
      } catch (error) {
        discardBody(request);
        throw error;
      } finally {
        release();
      }
      return reply.code(204).send();
    },
  };
}

export function createRoute({ method, path, access }: TransferOperation, { auth }: RouteDependencies) {
  return { method, url: path, onRequest: (request: FastifyRequest) => requireAccess(access, auth, request) };
}

/**
 * Reads and discards the rest of a request body, because the connection can be used for the next
 * request only after the end of the body. Closes the connection if the client does not stop
 * sending.
 */
export function discardBody({ raw }: FastifyRequest): void {
  if (raw.complete || raw.destroyed) return;
  const timer = setTimeout(() => raw.destroy(), DISCARD_MS).unref();
  raw.once("end", () => clearTimeout(timer));
  raw.resume();
}

async function* noBody(): AsyncGenerator<Uint8Array, void, undefined> {}

function requireParam(request: FastifyRequest, name: string): string {
  const value = getPathParam(request, name);
  if (value === undefined || value === "") throw routeNotFound();
  return value;
}

const ETAG = /^(?:W\/)?"[\x21\x23-\x7e]{0,200}"$/;

/** Parses the headers of an answer. Throws a 400 problem if a header is invalid. */
function parseFacts({ headers }: FastifyRequest): AnswerFacts {
  const ttl = AnswerTtl.safeParse(headers[ANSWER_TTL_HEADER] ?? 0);
  if (!ttl.success) throw malformed(`${ANSWER_TTL_HEADER} must be a number of seconds from 0 to 86400.`);
  const { etag } = headers;
  if (etag !== undefined && !ETAG.test(etag))
    throw malformed("ETag must be a quoted text of ASCII characters.");
  const length = headers["content-length"];
  return { ttlSeconds: ttl.data, etag, length: length === undefined ? undefined : Number(length) };
}

/**
 * Media types that a browser may display. A browser downloads answers of all other types, because
 * they may contain scripts.
 */
const INLINE_TYPES =
  /^(?:image\/(?!svg)|audio\/|video\/|text\/(?:plain|csv)\b|application\/(?:json|pdf|octet-stream)\b|chemical\/)/i;

/**
 * Sends an answer, which may still be arriving from the worker. Resolves when the response has
 * ended or was interrupted. The content of an answer is not trusted, so browsers must not guess its
 * media type or run scripts in it.
 */
async function sendAnswer(
  reply: FastifyReply,
  { answer, contentType, ageSeconds }: ProvidedAnswer,
  longPoll: LongPoll,
): Promise<void> {
  reply.headers({
    // Browsers must send a request with If-None-Match before they use a cached answer, because a
    // worker can invalidate the answer at any time.
    "cache-control": "private, no-cache",
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
    ...(answer.etag !== undefined && { etag: answer.etag }),
    ...(ageSeconds !== undefined && { age: String(ageSeconds) }),
    ...(!INLINE_TYPES.test(contentType) && { "content-disposition": "attachment" }),
  });
  const { etag } = answer;
  const ifNoneMatch = reply.request.headers["if-none-match"];
  if (etag !== undefined && matchesTag(ifNoneMatch, etag.replace(/^W\//, ""))) {
    reply.code(304).send();
    return;
  }
  const length = answer.isComplete ? answer.length : answer.facts.length;
  if (length !== undefined) reply.header("content-length", length);
  const stream = Readable.from(readParts(answer, () => stream.destroy()));
  const closed = new Promise<void>((resolve) => stream.once("close", resolve));
  let grace: NodeJS.Timeout | undefined;
  longPoll.signal.addEventListener("abort", () => {
    grace = setTimeout(() => stream.destroy(), GRACE_MS).unref();
  });
  reply.code(200).header("content-type", contentType).send(stream);
  await closed;
  clearTimeout(grace);
}

/**
 * Yields the parts of an answer. Calls `onStall` if the client does not accept the next part in
 * time.
 */
async function* readParts(answer: Answer, onStall: () => void): AsyncGenerator<Buffer, void, undefined> {
  for await (const part of answer.read()) {
    const timer = setTimeout(onStall, STALL_MS).unref();
    yield part;
    clearTimeout(timer);
  }
}
