import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import type { Read } from "../../../protocol/index.ts";
import { API, type Api } from "./api.ts";
import { newJobName } from "./fixtures.ts";

/** Options of a request that a reader or a worker sends over a real connection. */
interface CallOptions {
  readonly user?: string;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

/** Options of the request that sends the answer of a worker. */
interface AnswerOptions extends CallOptions {
  readonly ttl?: number;
  readonly etag?: string;
}

export const FRAME_SCHEMA = {
  type: "object",
  properties: { frame: { type: "integer", minimum: 0 }, name: { type: "string" } },
  additionalProperties: false,
};

/** Registers a provider in a room as the user `wes`, for the given worker or for a new one. */
export const openProvider = async (
  api: Api,
  room: string,
  registration: Record<string, unknown> = {},
  workerId?: string,
) => {
  const worker = workerId ?? (await api.createWorker()).id;
  const body = {
    ...{ category: "data", name: newJobName(), schema: FRAME_SCHEMA, worker_id: worker },
    ...registration,
  };
  const response = await api.as("wes").put(`/rooms/${room}/providers`, { body });
  expect({ status: response.status, body: response.body }).toMatchObject({
    status: expect.toBeOneOf([200, 201]),
  });
  const { full_name: name } = response.body;
  return { id: response.body.id, name, room, worker, registration: body };
};
export type OpenProvider = Awaited<ReturnType<typeof openProvider>>;

/** Sends the requests of readers and workers to a listening server. */
export class ProviderCalls {
  readonly origin: string;

  constructor(origin: string) {
    this.origin = origin;
  }

  static async listen(api: Api): Promise<ProviderCalls> {
    return new ProviderCalls(await api.app.listen({ port: 0, host: "127.0.0.1" }));
  }

  /** Sends a request to a provider, by default as `ann`. Waits up to 30 s for the answer. */
  read({ room, name }: Pick<OpenProvider, "room" | "name">, query = "", options: CallOptions = {}) {
    const { user = "ann", headers = {}, signal } = options;
    return fetch(`${this.origin}${API}/rooms/${room}/providers/${name}${query && `?${query}`}`, {
      headers: { "x-user": user, prefer: "wait=30", ...headers },
      ...(signal && { signal }),
    });
  }

  /** Claims requests to a provider with a long poll. */
  async claim(worker: string, { limit = 1, wait = 30, user = "wes" } = {}): Promise<Read[]> {
    const response = await fetch(`${this.origin}${API}/workers/${worker}/reads/claim`, {
      method: "POST",
      headers: { "x-user": user, "content-type": "application/json", prefer: `wait=${wait}` },
      body: JSON.stringify({ limit }),
    });
    const body: { reads: Read[] } = JSON.parse(await response.text());
    expect({ status: response.status, body }).toMatchObject({ status: 200 });
    return body.reads;
  }

  async claimOne(worker: string, user = "wes"): Promise<Read> {
    const [read] = await this.claim(worker, { user });
    if (read === undefined) throw new Error("there was no read");
    return read;
  }

  /** Answers a request to a provider, by default as `wes`. */
  answer(
    worker: string,
    read: Pick<Read, "id">,
    body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>,
    { user = "wes", ttl, etag, headers, signal }: AnswerOptions = {},
  ) {
    return fetch(`${this.origin}${API}/workers/${worker}/reads/${read.id}`, {
      method: "PUT",
      headers: {
        "x-user": user,
        ...(ttl !== undefined && { "joblib-answer-ttl": String(ttl) }),
        ...(etag !== undefined && { etag }),
        ...headers,
      },
      body,
      ...(signal && { signal }),
      ...(body instanceof ReadableStream && { duplex: "half" }),
    });
  }

  /** Claims the next request to a provider and answers it. */
  async serve(worker: string, body: string | Uint8Array<ArrayBuffer>, options: AnswerOptions = {}) {
    const read = await this.claimOne(worker, options.user);
    const response = await this.answer(worker, read, body, options);
    expect(response.status).toBe(204);
    return read;
  }
}

/** Requires that a response is a problem, and returns its id and detail. */
export const readProblem = async (response: Response) => {
  const document: { type: string; detail: string } = JSON.parse(await response.text());
  return {
    status: response.status,
    id: document.type.slice(document.type.lastIndexOf("/") + 1),
    detail: document.detail,
  };
};

/** Returns true if a promise is pending. */
export const isPending = async (promise: Promise<unknown>) =>
  (await Promise.race([promise.then(() => false), delay(0).then(() => true)])) === true;
