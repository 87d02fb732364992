import { MAX_RESPONSE_BYTES } from "./options.ts";
import { createResponseError } from "./responses.ts";
import type { FetchResponse, JsonResponse, ResponseFacts } from "./transport.ts";

const JSON_TYPE = /^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i;

const decoder = new TextDecoder();

/** The body of a JSON response, whose chunks are added as they arrive. */
export class JsonBody {
  readonly #facts: ResponseFacts;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;

  /** Throws `ProtocolError` or `GatewayError` for a redirect, or if the body is not JSON. */
  constructor(facts: ResponseFacts) {
    const { status, headers } = facts;
    this.#facts = facts;
    if (this.isEmpty) return;
    if (status === 0 || (status >= 300 && status < 400)) throw createResponseError("redirect", facts);
    if (!JSON_TYPE.test(headers["content-type"] ?? "")) throw createResponseError("no-json", facts);
  }

  /** True if a response with this status has no body. */
  get isEmpty(): boolean {
    return this.#facts.status === 304 || this.#facts.status === 204;
  }

  /** Adds a chunk. Throws `ProtocolError` if the body is larger than `MAX_RESPONSE_BYTES`. */
  add(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength;
    if (this.#bytes > MAX_RESPONSE_BYTES) throw createResponseError("too-large", this.#facts);
    this.#chunks.push(chunk);
  }

  /** Parses the whole body. Throws `ProtocolError` or `GatewayError` if it is not valid JSON. */
  parse(): JsonResponse {
    const { url, status, headers } = this.#facts;
    if (this.isEmpty) return { url, status, headers, json: undefined };
    const [first, second] = this.#chunks;
    const text = decoder.decode(second === undefined ? first : Buffer.concat(this.#chunks));
    try {
      return { url, status, headers, json: JSON.parse(text) };
    } catch (error) {
      throw createResponseError("invalid-json", this.#facts, error);
    }
  }
}

/** Reads a JSON response. Throws `ProtocolError` or `GatewayError` if it is something else. */
export const readJson = async (response: FetchResponse, url: string): Promise<JsonResponse> => {
  const { status, headers } = response;
  const body = new JsonBody({ url, status, headers: Object.fromEntries(headers) });
  if (!body.isEmpty) for await (const chunk of response.body ?? []) body.add(chunk);
  return body.parse();
};
