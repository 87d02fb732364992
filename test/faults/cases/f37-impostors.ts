import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { ConnectionError, GatewayError, JoblibClient, ProtocolError } from "../../../sdk/index.ts";
import type { FaultCase } from "../run/fault-case.ts";

interface Impostor {
  readonly name: string;
  readonly error: typeof ProtocolError | typeof GatewayError | typeof ConnectionError;
  answer(response: ServerResponse): void;
}

const TASK = '{"id":"x","status":"completed"}';

const impostors: readonly Impostor[] = [
  {
    name: "a portal's page",
    error: ProtocolError,
    answer: (response) =>
      void response.writeHead(200, { "content-type": "text/html" }).end("<h1>Log in</h1>"),
  },
  {
    name: "a redirect to another host",
    error: ProtocolError,
    answer: (response) => void response.writeHead(301, { location: "http://elsewhere.invalid/" }).end(),
  },
  {
    name: "a gateway's 502",
    error: GatewayError,
    answer: (response) => void response.writeHead(502).end("bad"),
  },
  {
    name: "a gateway's 504",
    error: GatewayError,
    answer: (response) => void response.writeHead(504).end("late"),
  },
  {
    name: "an answer that ends too soon",
    error: ConnectionError,
    answer(response) {
      response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
      response.write(TASK);
      setImmediate(() => response.destroy());
    },
  },
  {
    name: "half a task",
    error: ProtocolError,
    answer: (response) => void response.writeHead(200, { "content-type": "application/json" }).end(TASK),
  },
];

/** Whoever answers in the server's stead is not believed. */
export const impostorsAnswer: FaultCase = {
  name: "F37 others answer in the server's stead",
  invariants: ["I6", "I8"],
  async run(scene) {
    for (const { name, error: expected, answer } of impostors) {
      let asked = 0;
      const server = createServer((_, response) => {
        asked += 1;
        answer(response);
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
      scene.fault("impostor");
      scene.require(error instanceof expected && asked === 1, "I6", `${name} came to ${String(error)}`);
    }
    const nowhere = new JoblibClient({ url: "http://nowhere.invalid" });
    const error = await nowhere.call("listWorkers", {}, { retry: false }).catch((thrown: unknown) => thrown);
    scene.require(error instanceof ConnectionError, "I6", `a name that nobody has came to ${String(error)}`);
  },
};
