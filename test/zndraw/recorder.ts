import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Exchange } from "./exchanges.ts";

/** Headers that are not recorded, because they depend on the connection or on the run. */
const UNRECORDED = new Set(["host", "authorization", "connection"]);

const getHeaders = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !UNRECORDED.has(name))
      .map(([name, value]) => [name, String(value)]),
  );

const send = (target: string, incoming: IncomingMessage, body: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const { method = "GET", url = "/", headers } = incoming;
    const outgoing = request(new URL(url, target), { method, headers }, resolve);
    outgoing.on("error", reject).end(body);
  });

/** Starts a proxy in front of `target` that records every request and its response. */
export const startRecorder = async (target: string) => {
  const exchanges: Exchange[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const body = await text(incoming);
    const response = await send(target, incoming, body);
    const content = await text(response);
    const { method = "", url: path = "" } = incoming;
    const status = response.statusCode ?? 0;
    exchanges.push({
      ...{ method, path, headers: getHeaders(incoming), body, status },
      response: content === "" ? null : JSON.parse(content),
    });
    outgoing.writeHead(status, response.headers).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    exchanges,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
