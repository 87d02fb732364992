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

/**
 * Responds to requests with an unknown path or method below `API_PATHS`, before their body is read.
 */
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

export function isApiPath(request: FastifyRequest, prefix: string): boolean {
  const address = getAddress(request, prefix);
  return API_PATHS.some((path) => address === path || address.startsWith(`${path}/`));
}

/**
 * Throws a 404 problem for an unknown path. Throws a 405 problem, and sets the header `Allow`, for
 * a method that the path does not support.
 */
export function rejectUnknownPath(request: FastifyRequest, reply: FastifyReply, prefix: string): never {
  const address = getAddress(request, prefix);
  // A path may match several routes: `/tasks/claim` also matches `/tasks/:task_id`.
  const matches = ROUTES.filter(({ pattern }) => pattern.test(address));
  const methods = [...new Set(matches.flatMap(({ methods }) => methods))];
  // If a matching route supports the method, the router has rejected the request because a path
  // parameter is too long.
  if (methods.length === 0 || methods.includes(request.method)) throw routeNotFound();
  const allow = methods.join(", ");
  reply.header("allow", allow);
  throw new Problem("method-not-allowed", `Use one of these methods: ${allow}.`);
}

function getAddress({ url }: FastifyRequest, prefix: string): string {
  return url.slice(prefix.length).replace(/\?.*$/, "");
}
