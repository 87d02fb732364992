import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { API_PATH, operations, PROBLEMS_PATH, Problem, streams, transfers } from "../../protocol/index.ts";
import { routeNotFound } from "./problems.ts";

const API_PATHS = [API_PATH, PROBLEMS_PATH];
const STREAMS = Object.values(streams).map(({ path }) => ({ path, method: "GET" }));
const ROUTES = [...Object.values(operations), ...STREAMS, ...Object.values(transfers)].map(
  ({ path, method }) => ({
    pattern: new RegExp(`^${path.replace(/:[a-z_]+/g, "[^/]+")}$`),
    methods: method === "GET" ? ["GET", "HEAD"] : [method],
  }),
);

/** Responds to unknown addresses and methods below the two paths of the API, before a body is read. */
export function addUnknownPathHandler(app: FastifyInstance, prefix: string): void {
  const rejectUnknown = async (scope: FastifyInstance) => {
    scope.addHook("onRequest", async (request, reply) => {
      if (request.is404) rejectUnknownPath(request, reply, prefix);
    });
    scope.setNotFoundHandler(() => {
      throw routeNotFound();
    });
  };
  for (const path of API_PATHS) app.register(rejectUnknown, { prefix: path });
}

/** Returns true if the address is one of the two paths of the API or below one of them. */
export function isApiPath(request: FastifyRequest, prefix: string): boolean {
  const address = getAddress(request, prefix);
  return API_PATHS.some((path) => address === path || address.startsWith(`${path}/`));
}

/** Throws a 404 for an unknown address, and a 405 with `Allow` for an unknown method. */
export function rejectUnknownPath(request: FastifyRequest, reply: FastifyReply, prefix: string): never {
  const address = getAddress(request, prefix);
  // An address may match several paths: `/tasks/claim` also matches `/tasks/:task_id`.
  const matches = ROUTES.filter(({ pattern }) => pattern.test(address));
  const methods = [...new Set(matches.flatMap(({ methods }) => methods))];
  // If a matching path supports this method, the router rejected the request because a path parameter is too long.
  if (methods.length === 0 || methods.includes(request.method)) throw routeNotFound();
  const allow = methods.join(", ");
  reply.header("allow", allow);
  throw new Problem("method-not-allowed", `Use one of these methods: ${allow}.`);
}

function getAddress({ url }: FastifyRequest, prefix: string): string {
  return url.slice(prefix.length).replace(/\?.*$/, "");
}
