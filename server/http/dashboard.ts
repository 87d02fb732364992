import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { DASHBOARD_META } from "../../protocol/index.ts";
import { DIST_DIRECTORY } from "../package.ts";
import { escapeHtml } from "./docs-page.ts";
import { routeNotFound } from "./problems.ts";
import { isApiPath, rejectUnknownPath } from "./unknown-paths.ts";

const SECURITY_HEADERS = {
  // Allows only resources of this server, and forbids embedding the page in a frame. Text from a
  // job or a task therefore cannot run as a script.
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

/**
 * Allows browsers to cache an asset forever, because the name of an asset contains a hash of its
 * content.
 */
const CACHE_FOREVER = "public, max-age=31536000, immutable";

const NOT_BUILT = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>joblib</title></head>
<body><h1>joblib</h1><p>The dashboard is not built. Run <code>npm run build</code>.</p></body></html>
`;

/**
 * Serves the dashboard at `mountPath` below the plugin's prefix, or at the prefix itself if
 * `mountPath` is true. Responds with the HTML page to every path below that is not a file, so that
 * deep links work. `files` is the directory of the built dashboard.
 */
export async function serveDashboard(
  app: FastifyInstance,
  mountPath: string | true,
  files: string = join(DIST_DIRECTORY, "web"),
): Promise<void> {
  const path = mountPath === true ? "" : mountPath.replace(/\/+$/, "");
  if (path !== "" && !path.startsWith("/")) {
    throw new TypeError("joblib: `dashboard` must be true or a path that starts with a slash");
  }
  const { prefix } = app;
  const page = createPage(files, { api: prefix, root: `${prefix}${path}/` });

  async function sendPage(_: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    reply.type("text/html; charset=utf-8").header("cache-control", "no-cache");
    return page === undefined ? reply.code(503).send(NOT_BUILT) : reply.send(page);
  }

  async function sendDeepLink(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    // If the dashboard is mounted at the plugin's prefix itself, this handler also receives
    // requests for unknown paths of the API.
    if (isApiPath(request, prefix)) rejectUnknownPath(request, reply, prefix);
    // Only browsers that open a page accept HTML. Other clients that request an unknown path get a
    // 404 instead of the page.
    if (request.headers.accept?.includes("text/html") !== true) throw routeNotFound();
    return sendPage(request, reply);
  }

  await app.register(
    async (scope) => {
      scope.addHook("onRequest", async (_, reply) => void reply.headers(SECURITY_HEADERS));
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
            reply.header("cache-control", isAsset ? CACHE_FOREVER : "no-cache");
          },
        });
      }
      scope.get("/", sendPage);
      scope.get("/*", sendDeepLink);
    },
    { prefix: path },
  );
}

/**
 * Creates the HTML page, which contains the paths of the API and of the dashboard. Returns
 * undefined if the dashboard is not built. Converts the URLs of assets to absolute paths, because
 * relative URLs do not work on deep links, and the content security policy does not allow `<base>`.
 */
function createPage(files: string, { api, root }: { api: string; root: string }): string | undefined {
  const path = join(files, "index.html");
  if (!existsSync(path)) return undefined;
  const meta = (name: string, content: string) => `<meta name="${name}" content="${escapeHtml(content)}">`;
  const tags = meta(DASHBOARD_META.api, api) + meta(DASHBOARD_META.root, root);
  return readFileSync(path, "utf8")
    .replace(new RegExp(`\\s*<meta name="(${Object.values(DASHBOARD_META).join("|")})"[^>]*>`, "g"), "")
    .replace(/<head>/, () => `<head>${tags}`)
    .replace(/\b(src|href)="\.\//g, (_, attribute: string) => `${attribute}="${escapeHtml(root)}`);
}
