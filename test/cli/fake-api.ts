import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A request that the fake server received. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

/**
 * A response of the fake server. A string is sent unchanged, with the content type `type`; any
 * other body is sent as JSON.
 */
export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A local server that records requests and sends the responses of a test. */
export interface FakeApi {
  readonly url: string;
  readonly received: readonly Received[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts the fake server. `reply` may be asynchronous to delay its response. */
export async function startFakeApi(reply: (request: Received) => Reply | Promise<Reply>): Promise<FakeApi> {
  const received: Received[] = [];
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
    const text = Buffer.concat(chunks).toString();
    const { method = "", url = "", headers } = incoming;
    const request = { method, path: url, headers, body: text === "" ? undefined : JSON.parse(text) };
    received.push(request);
    const {
      status,
      body,
      type = status >= 400 ? "application/problem+json" : "application/json",
      headers: extra,
    } = await reply(request);
    // The Date header is set explicitly, because Node.js would use the real time even if a test
    // replaces `Date`.
    const date = new Date().toUTCString();
    response.writeHead(status, { date, ...(body === undefined ? {} : { "content-type": type }), ...extra });
    response.end(body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${getPort(address)}`,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const getPort = (address: AddressInfo | string | null): number => {
  if (typeof address !== "object" || address === null) throw new Error("the fake server has no port");
  return address.port;
};
