import * as z from "zod";
import { type Event, getServerChannel, isProblemId, Problem } from "../../../protocol/index.ts";
import type { EventBus, Log, Unsubscribe } from "../../ports.ts";

const RESPONSE_TIMEOUT_MS = 5_000;

/**
 * A request from one joblib server to another about a request to a provider (a read). `read`,
 * `worker` and `upload` are ids.
 */
export type ServerRequest = z.output<typeof ServerRequest>;

const ServerRequest = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("claim"), read: z.string(), worker: z.string() }),
  z.object({ kind: z.literal("release"), read: z.string(), worker: z.string() }),
  z.object({
    kind: z.literal("fail"),
    read: z.string(),
    worker: z.string(),
    reason: z.enum(["not-found", "failed"]),
    detail: z.string(),
  }),
  z.object({
    kind: z.literal("open"),
    read: z.string(),
    worker: z.string(),
    upload: z.string(),
    ttlSeconds: z.number(),
    etag: z.string().optional(),
    length: z.number().optional(),
  }),
  z.object({ kind: z.literal("part"), upload: z.string(), index: z.int(), data: z.base64() }),
  z.object({ kind: z.literal("end"), upload: z.string(), index: z.int() }),
  z.object({ kind: z.literal("abort"), upload: z.string() }),
]);

const Message = z.union([
  z.object({ call: z.string(), from: z.string(), request: ServerRequest }),
  z.object({ call: z.string(), value: z.unknown(), problem: z.tuple([z.string(), z.string()]).optional() }),
]);

export type RequestHandler = (request: ServerRequest) => unknown;

/**
 * Sends requests to other servers over the event bus, and responds to the requests of other
 * servers.
 */
export class ServerMessages {
  readonly serverId: string;
  readonly #bus: EventBus;
  readonly #log: Log;
  readonly #handler: RequestHandler;
  readonly #calls = new Map<string, PromiseWithResolvers<unknown>>();
  #subscription: Promise<Unsubscribe> | undefined;
  #lastCall = 0;

  constructor(
    { serverId, bus, log }: { serverId: string; bus: EventBus; log: Log },
    handler: RequestHandler,
  ) {
    this.serverId = serverId;
    this.#bus = bus;
    this.#log = log;
    this.#handler = handler;
  }

  /**
   * Subscribes to the messages that other servers send to this server. Resolves when the
   * subscription is active, so that no later message is missed.
   */
  async start(): Promise<void> {
    this.#subscription ??= this.#bus.subscribe(getServerChannel(this.serverId), (event) =>
      this.#receive(event),
    );
    await this.#subscription;
  }

  /**
   * Sends a request and returns the other server's response. Throws the problem in the response, or
   * a 503 problem if the other server does not respond.
   */
  async request(serverId: string, request: ServerRequest): Promise<unknown> {
    await this.start();
    this.#lastCall += 1;
    const call = `${this.serverId}:${this.#lastCall}`;
    const response = Promise.withResolvers<unknown>();
    this.#calls.set(call, response);
    const timer = setTimeout(() => {
      const detail = "The joblib server that received the read does not respond. Try again later.";
      response.reject(new Problem("service-unavailable", detail, { retryAfter: 1 }));
    }, RESPONSE_TIMEOUT_MS);
    try {
      this.#send(serverId, { call, from: this.serverId, request });
      return await response.promise;
    } finally {
      clearTimeout(timer);
      this.#calls.delete(call);
    }
  }

  close(): void {
    this.#subscription?.then(
      (unsubscribe) => unsubscribe(),
      () => {},
    );
    for (const { reject } of this.#calls.values())
      reject(new Problem("service-unavailable", "This server is shutting down.", { retryAfter: 1 }));
  }

  #send(serverId: string, message: z.input<typeof Message>): void {
    void this.#bus.publish([{ kind: "read-message", serverId, message: JSON.stringify(message) }]);
  }

  #receive(event: Event | undefined): void {
    // The event is undefined if messages may have been missed. Nothing is done in that case: the
    // senders receive no response and report a timeout.
    if (event?.kind !== "read-message") return;
    const { data } = Message.safeParse(JSON.parse(event.message));
    if (data === undefined) {
      this.#log.warn({}, "ignored a message of a server with another version of joblib");
    } else if ("request" in data) void this.#respond(data.call, data.from, data.request);
    else if (data.problem === undefined) this.#calls.get(data.call)?.resolve(data.value);
    else {
      const [id, detail] = data.problem;
      this.#calls.get(data.call)?.reject(new Problem(isProblemId(id) ? id : "internal-error", detail));
    }
  }

  async #respond(call: string, from: string, request: ServerRequest): Promise<void> {
    try {
      this.#send(from, { call, value: this.#handler(request) });
    } catch (error) {
      if (!(error instanceof Problem)) this.#log.error({ err: error }, "a message of another server failed");
      const problem = error instanceof Problem ? error : new Problem("internal-error", "Unexpected error.");
      this.#send(from, { call, value: null, problem: [problem.id, problem.message] });
    }
  }
}
