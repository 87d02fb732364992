import type { AddressInfo } from "node:net";
import Fastify from "fastify";
import { serveCalls } from "./serve-calls.ts";

const app = Fastify();
app.post("/echo", (request, reply) => reply.code(202).send(request.body));

const calls = {
  /**
   * Starts a Fastify server with a route that parses a JSON body and returns it. Returns the URL of
   * the route.
   */
  async listen(): Promise<string> {
    await app.listen({ port: 0, host: "127.0.0.1" });
    return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/echo`;
  },
  /** Returns the CPU time of this process, in microseconds. */
  readCpuTime(): number {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
};
export type BareRouteCalls = typeof calls;

serveCalls(calls);
