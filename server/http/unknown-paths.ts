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

const knownPaths = (): KnownPath[] => {
  const byPath = new Map<string, Set<string>>();
  const all = [
    ...Object.values<Operation>(operations),
    ...Object.values(streams).map(({ path }) => ({ path, method: "GET" })),
  ];
  for (const { path, method } of all) {
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

const KNOWN = knownPaths();

/** The methods of an address that the API has; several paths may fit, as `/tasks/claim` fits `/tasks/:task_id`. */
const methodsOf = (path: string): string[] => [
  ...new Set(KNOWN.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => [...methods])),
];

/** True for an address under one of the API's two paths. */
export const isApiPath = ({ url }: FastifyRequest, prefix: string): boolean => {
  const [address = ""] = url.slice(prefix.length).split("?");
  return [API_PATH, PROBLEMS_PATH].some((path) => address === path || address.startsWith(`${path}/`));
};

/** Refuses a request whose address, or whose method, the API does not have. */
export const rejectUnknownPath = (request: FastifyRequest, reply: FastifyReply, prefix: string): never => {
  const [address = ""] = request.url.slice(prefix.length).split("?");
  const methods = methodsOf(address);
  // One that it does take leads nowhere all the same where a name in it is too long.
  if (methods.length === 0 || methods.includes(request.method))
    throw new Problem("route-not-found", "There is nothing at this address.");
  reply.header("allow", methods.join(", "));
  throw new Problem("method-not-allowed", `This address takes ${methods.join(", ")}.`);
};

/** Answers what is under the API's two paths and no operation: 405 with `Allow`, or 404; before any body is read. */
export const addUnknownPathHandler = (app: FastifyInstance, prefix: string): void => {
  for (const path of [API_PATH, PROBLEMS_PATH]) {
    app.register(
      async (scope) => {
        scope.addHook("onRequest", async (request, reply) => {
          if (request.is404) rejectUnknownPath(request, reply, prefix);
        });
        scope.setNotFoundHandler(() => {
          throw new Problem("route-not-found", "There is nothing at this address.");
        });
      },
      { prefix: path },
    );
  }
};
