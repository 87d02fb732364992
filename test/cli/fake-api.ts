import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** One request that the fake received. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

/** What the fake answers; a string body is sent as it is, with `type`. */
export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A server on a loopback port that answers what a test says, and remembers what it was asked. */
export interface FakeApi {
  readonly url: string;
  readonly received: readonly Received[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts one; `reply` may hold its answer back. */
export async function startFakeApi(reply: (request: Received) => Reply | Promise<Reply>): Promise<FakeApi> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const text = Buffer.concat(chunks).toString();
    const { method = "", url = "", headers } = request;
    const one = { method, path: url, headers, body: text === "" ? undefined : JSON.parse(text) };
    received.push(one);
    const {
      status,
      body,
      type = status >= 400 ? "application/problem+json" : "application/json",
      headers: extra,
    } = await reply(one);
    // By this process's clock, which a test may have stopped; Node's own header goes by another.
    const date = new Date().toUTCString();
    response.writeHead(status, { date, ...(body === undefined ? {} : { "content-type": type }), ...extra });
    response.end(body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${portOf(address)}`,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const portOf = (address: AddressInfo | string | null): number => {
  if (typeof address !== "object" || address === null) throw new Error("the fake has no port");
  return address.port;
};
