import { createServer, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { getResponse } from "msw";
import { FakeServer } from "../../sdk/testing/fake-server.ts";

/** The fake server of the SDK on a real port, for child processes that msw cannot intercept. */
export interface FakeHttp {
  readonly url: string;
  readonly fake: FakeServer;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a fake server. By default, on a free port. */
export async function startFakeHttp(port = 0): Promise<FakeHttp> {
  const fake = new FakeServer();
  const server = createServer(async (incoming, outgoing) => {
    const disconnected = new AbortController();
    outgoing.once("close", () => disconnected.abort());
    const response = await getResponse(fake.handlers, await toRequest(incoming, disconnected.signal)).catch(
      () => undefined,
    );
    if (disconnected.signal.aborted) return;
    outgoing.writeHead(response?.status ?? 500, Object.fromEntries(response?.headers ?? []));
    outgoing.end(Buffer.from((await response?.arrayBuffer()) ?? new ArrayBuffer()));
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the fake server has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    fake,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const toRequest = async (incoming: IncomingMessage, signal: AbortSignal): Promise<Request> => {
  const { method = "GET", url = "", headers } = incoming;
  const body = Buffer.concat(await Readable.from(incoming).toArray());
  return new Request(`http://127.0.0.1${url}`, {
    method,
    signal,
    headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
    ...(body.length === 0 ? {} : { body }),
  });
};
