import type { JsonValue, Provider } from "../../protocol/index.ts";
import { ProtocolError } from "../errors.ts";
import type { CallOptions } from "./options.ts";
import { type Query, Resource, type ResponseBody } from "./resource.ts";
import type { TransferResponse } from "./transfer.ts";

const NO_BYTES: AsyncIterable<Uint8Array> = {
  [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
};

/** Options of `client.providers.read`. */
export interface ReadOptions {
  /** Maximum time to wait for the answer, in seconds. Default: 10. */
  readonly wait?: number | undefined;
  /**
   * The ETag of an earlier answer. If the answer still has this ETag, `isNotModified` is true and
   * the body is empty.
   */
  readonly ifNoneMatch?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * An answer of a provider. Its body can be read only once, either as a stream or with one of the
 * methods.
 */
export class ProviderAnswer {
  readonly contentType: string;
  readonly etag: string | undefined;
  /** The age of a cached answer, in seconds. Undefined if the answer does not come from a cache. */
  readonly ageSeconds: number | undefined;
  /** True if the answer has the ETag in `ifNoneMatch`. */
  readonly isNotModified: boolean;
  readonly body: AsyncIterable<Uint8Array>;

  /** @internal */
  constructor({ status, headers, body }: TransferResponse) {
    this.contentType = headers["content-type"] ?? "application/octet-stream";
    this.etag = headers["etag"];
    this.ageSeconds = headers["age"] === undefined ? undefined : Number(headers["age"]);
    this.isNotModified = status === 304;
    this.body = body ?? NO_BYTES;
  }

  async bytes(): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for await (const part of this.body) parts.push(part);
    return Buffer.concat(parts);
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes());
  }

  /** Parses the body. Throws `ProtocolError` if it is not JSON. */
  async json(): Promise<JsonValue> {
    try {
      return JSON.parse(await this.text());
    } catch (error) {
      throw new ProtocolError("the provider's answer is not valid JSON", undefined, { cause: error });
    }
  }
}

/**
 * Providers: `client.providers`. A provider is visible in its room, and a public provider in all
 * rooms.
 */
export class Providers extends Resource {
  /** Lists the providers that are visible in a room. */
  list(
    room: string,
    query: Query<"listProviders"> = {},
    options?: CallOptions,
  ): Promise<ResponseBody<"listProviders">> {
    return this.send("listProviders", { params: { room_id: room }, query }, options);
  }

  /** Returns a provider with the schema of its parameters. */
  get(room: string, name: string, options?: CallOptions): Promise<Provider> {
    return this.send("readProvider", { params: { room_id: room, provider_name: name } }, options);
  }

  /**
   * Requests data from a provider. Resolves when the answer begins to arrive. Throws
   * `ProviderOfflineError`, `ProviderTimeoutError`, `AnswerNotFoundError`, `ReadFailedError` or
   * `ValidationError`.
   */
  async read(
    room: string,
    name: string,
    params: Readonly<Record<string, JsonValue | undefined>> = {},
    { ifNoneMatch, ...options }: ReadOptions = {},
  ): Promise<ProviderAnswer> {
    const response = await this.client.transfer("readFromProvider", {
      params: { room_id: room, provider_name: name },
      query: params,
      headers: ifNoneMatch === undefined ? {} : { "if-none-match": ifNoneMatch },
      ...options,
    });
    return new ProviderAnswer(response);
  }
}
