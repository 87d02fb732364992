import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import {
  API_PATH,
  type Operation,
  operations,
  PROBLEMS_PATH,
  Problem,
  streams,
} from "../../protocol/index.ts";

interface KnownPath {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

const listKnownPaths = (): KnownPath[] => {
  const byPath = new Map<string, Set<string>>();
  const entries = [
    ...Object.values<Operation>(operations),
    ...Object.values(streams).map(({ path }) => ({ path, method: "GET" })),
  ];
  for (const { path, method } of entries) {
    const methods = byPath.get(path) ?? new Set();
    methods.add(method);
    if (method === "GET") methods.add("HEAD");
    byPath.set(path, methods);
  }
  return [...byPath].map(([path, methods]) => ({
    pattern: new RegExp(`^${path.replace(/:[a-z_]+/g, "[^/]+")}$`),
    methods,
  }));
};

const KNOWN_PATHS = listKnownPaths();

/**
 * Returns the methods of an address. An address may match several paths: `/tasks/claim` also matches
 * `/tasks/:task_id`.
 */
const findMethods = (path: string): string[] => [
  ...new Set(KNOWN_PATHS.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => [...methods])),
];

/** Returns true for an address below one of the two paths of the API. */
export const isApiPath = ({ url }: FastifyRequest, prefix: string): boolean => {
  const [address = ""] = url.slice(prefix.length).split("?");
  return [API_PATH, PROBLEMS_PATH].some((path) => address === path || address.startsWith(`${path}/`));
};

/** Throws a 404 for an unknown address, and a 405 with `Allow` for an unknown method. */
export const rejectUnknownPath = (request: FastifyRequest, reply: FastifyReply, prefix: string): never => {
  const [address = ""] = request.url.slice(prefix.length).split("?");
  const methods = findMethods(address);
  // If the method is known, no route matched because a path parameter is too long.
  if (methods.length === 0 || methods.includes(request.method))
    throw new Problem("route-not-found", "No route matches this path. Check the path and the API's prefix.");
  reply.header("allow", methods.join(", "));
  throw new Problem("method-not-allowed", `Use one of these methods: ${methods.join(", ")}.`);
};

/** Responds to unknown addresses and methods below the two paths of the API, before a body is read. */
export const addUnknownPathHandler = (app: FastifyInstance, prefix: string): void => {
  for (const path of [API_PATH, PROBLEMS_PATH]) {
    app.register(
      async (scope) => {
        scope.addHook("onRequest", async (request, reply) => {
          if (request.is404) rejectUnknownPath(request, reply, prefix);
        });
        scope.setNotFoundHandler(() => {
          throw new Problem(
            "route-not-found",
            "No route matches this path. Check the path and the API's prefix.",
          );
        });
      },
      { prefix: path },
    );
  }
};
