import { existsSync, readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { dirname, join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { DASHBOARD_META, Problem } from "../../protocol/index.ts";
import { isApiPath, rejectUnknownPath } from "./unknown-paths.ts";

/** Where the dashboard stands under the plugin's prefix, and where its built files are, if not in this package. */
export interface DashboardOptions {
  readonly path: string;
  readonly files?: string | undefined;
}

/** Nothing but what comes from here, and nobody frames it: what a job's worker wrote cannot run as a script. */
const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "font-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS = {
  "content-security-policy": CSP,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

/** Names of assets hold a hash of what is in them. */
const FOREVER = "public, max-age=31536000, immutable";

const NOT_BUILT = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>joblib</title></head>
<body><h1>joblib</h1><p>The dashboard of this checkout was not built: <code>npm run build</code> makes it.</p></body></html>
`;

const escapeHtml = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");

/** The path as the routes have it: begins with a slash and ends with none; empty for the root. */
export const parseMountPath = (path: string | true): string => {
  const trimmed = path === true ? "" : path.replace(/\/+$/, "");
  if (trimmed === "" || trimmed.startsWith("/")) return trimmed;
  throw new TypeError("joblib: `dashboard` must be a path that begins with a slash, or true");
};

const builtFiles = (): string => {
  const manifest = findPackageJSON(import.meta.url);
  return join(manifest === undefined ? import.meta.dirname : dirname(manifest), "dist", "web");
};

/**
 * The page with what the server knows: where the API and where the dashboard stand. Assets get whole addresses, because
 * relative ones would lead elsewhere from a deep link, and the policy allows no `<base>`.
 */
const createPageSchema = (
  files: string,
  { api, root }: { api: string; root: string },
): string | undefined => {
  const path = join(files, "index.html");
  if (!existsSync(path)) return undefined;
  const meta = (name: string, content: string) => `<meta name="${name}" content="${escapeHtml(content)}">`;
  const written = meta(DASHBOARD_META.api, api) + meta(DASHBOARD_META.root, root);
  return readFileSync(path, "utf8")
    .replace(new RegExp(`\\s*<meta name="(${Object.values(DASHBOARD_META).join("|")})"[^>]*>`, "g"), "")
    .replace(/<head>/, () => `<head>${written}`)
    .replace(/\b(src|href)="\.\//g, (_, attribute: string) => `${attribute}="${escapeHtml(root)}`);
};

/** A browser that goes to an address says so; a program that was given a wrong one is not answered with a page. */
const isForPerson = ({ headers }: FastifyRequest): boolean => headers.accept?.includes("text/html") === true;

/** The dashboard: its files as they are, and its page under every other address below, for its deep links. */
export const serveDashboard = async (
  app: FastifyInstance,
  { path, files = builtFiles() }: DashboardOptions,
): Promise<void> => {
  const { prefix } = app;
  const page = createPageSchema(files, { api: prefix, root: `${prefix}${path}/` });

  const sendPage = async (_: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    reply.type("text/html; charset=utf-8").header("cache-control", "no-cache");
    return page === undefined ? reply.code(503).send(NOT_BUILT) : reply.send(page);
  };

  const sendDeepLink = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    // At the root everything is below it, the API's wrong addresses too.
    if (isApiPath(request, prefix)) rejectUnknownPath(request, reply, prefix);
    if (!isForPerson(request)) throw new Problem("route-not-found", "There is nothing at this address.");
    return sendPage(request, reply);
  };

  await app.register(
    async (scope) => {
      scope.addHook("onRequest", async (_, reply) => void reply.headers(HEADERS));
      if (page !== undefined) {
        await scope.register(fastifyStatic, {
          root: files,
          wildcard: false,
          index: false,
          decorateReply: false,
          globIgnore: ["index.html"],
          cacheControl: false,
          setHeaders: (reply, file) => {
            const isAsset = file.startsWith(join(files, "assets"));
            reply.header("cache-control", isAsset ? FOREVER : "no-cache");
          },
        });
      }
      scope.get("/", sendPage);
      scope.get("/*", sendDeepLink);
    },
    { prefix: path },
  );
};
