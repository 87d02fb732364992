import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { ConnectionError, GatewayError, JoblibClient, ProtocolError } from "../../../sdk/index.ts";
import type { FaultCase } from "../run/fault-case.ts";

interface ForeignServer {
  readonly name: string;
  readonly error: typeof ProtocolError | typeof GatewayError | typeof ConnectionError;
  respond(response: ServerResponse): void;
}

const TASK = '{"id":"x","status":"completed"}';

const foreignServers: readonly ForeignServer[] = [
  {
    name: "the login page of a portal",
    error: ProtocolError,
    respond: (response) =>
      void response.writeHead(200, { "content-type": "text/html" }).end("<h1>Log in</h1>"),
  },
  {
    name: "a redirect to another host",
    error: ProtocolError,
    respond: (response) => void response.writeHead(301, { location: "http://elsewhere.invalid/" }).end(),
  },
  {
    name: "a 502 of a gateway",
    error: GatewayError,
    respond: (response) => void response.writeHead(502).end("bad"),
  },
  {
    name: "a 504 of a gateway",
    error: GatewayError,
    respond: (response) => void response.writeHead(504).end("late"),
  },
  {
    name: "a truncated response",
    error: ConnectionError,
    respond(response) {
      response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
      response.write(TASK);
      setImmediate(() => response.destroy());
    },
  },
  {
    name: "an incomplete task",
    error: ProtocolError,
    respond: (response) => void response.writeHead(200, { "content-type": "application/json" }).end(TASK),
  },
];

/**
 * A captive portal, a redirect or a gateway answers in place of the server. The client must not
 * accept the response.
 */
export const foreignResponses: FaultCase = {
  name: "F37 another program responds in place of the server",
  invariants: ["I6", "I8"],
  async run(context) {
    for (const { name, error: expected, respond } of foreignServers) {
      let requests = 0;
      const server = createServer((_, response) => {
        requests += 1;
        respond(response);
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      const client = new JoblibClient({ url: `http://127.0.0.1:${port}`, token: "secret" });
      const call = client.call("readTask", { params: { task_id: "x" } }, { retry: false, timeoutSeconds: 3 });
      const error = await call.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      server.closeAllConnections();
      server.close();
      context.fault("response of another program");
      context.require(
        error instanceof expected && requests === 1,
        "I6",
        `${name} resulted in ${String(error)}`,
      );
    }
    const nowhere = new JoblibClient({ url: "http://nowhere.invalid" });
    const error = await nowhere.call("listWorkers", {}, { retry: false }).catch((thrown: unknown) => thrown);
    context.require(
      error instanceof ConnectionError,
      "I6",
      `an unknown host name resulted in ${String(error)}`,
    );
  },
};
