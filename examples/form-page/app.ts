import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import Fastify, { type FastifyInstance } from "fastify";
import { joblib, migrate, openDatabase } from "joblib/server";

const PUBLIC = new URL("public/", import.meta.url);

/**
 * A strict Content-Security-Policy. It shows that the element `<joblib-form>` works without
 * exceptions.
 */
const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
].join("; ");

const FILES: Record<string, { type: string; file: string | URL }> = {
  "/": { type: "text/html; charset=utf-8", file: new URL("page.html", PUBLIC) },
  "/page.css": { type: "text/css; charset=utf-8", file: new URL("page.css", PUBLIC) },
  "/page.js": { type: "text/javascript; charset=utf-8", file: new URL("page.js", PUBLIC) },
  // The script of `<joblib-form>`. An application that uses a bundler imports it as "joblib/form".
  "/joblib-form.js": {
    type: "text/javascript; charset=utf-8",
    file: createRequire(import.meta.url).resolve("joblib/form"),
  },
};

/**
 * Creates an example of an application with its own page and user, and adds joblib's API under
 * `/api`.
 */
export const createApp = async (): Promise<FastifyInstance> => {
  const orm = await openDatabase({ dataDir: "memory://" });
  await migrate(orm);
  const app = Fastify({ routerOptions: { maxParamLength: 2000 } });
  app.addHook("onClose", () => orm.close());

  for (const [path, { type, file }] of Object.entries(FILES)) {
    app.get(path, (_, reply) =>
      reply.type(type).header("content-security-policy", CSP).send(readFileSync(file, "utf8")),
    );
  }
  await app.register(joblib, {
    prefix: "/api",
    orm,
    // A real application returns the user who is signed in. In this example, every user is Ada.
    getCurrentUserId: () => "ada",
    getIsAdmin: () => false,
    authorizeRoom: (_request, room) => room === "notebook",
  });
  return app;
};
