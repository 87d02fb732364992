import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import Fastify, { type FastifyInstance } from "fastify";
import { joblib, migrate, openDatabase } from "joblib/server";

const PUBLIC = new URL("public/", import.meta.url);

/** As strict as a host's page may be: the element needs nothing that this forbids. */
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
  // From the package, as a host with a bundler imports "joblib/form".
  "/joblib-form.js": {
    type: "text/javascript; charset=utf-8",
    file: createRequire(import.meta.url).resolve("joblib/form"),
  },
};

/** A notebook that somebody has already: its own page, its own user, and joblib under `/api`. */
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
    // The notebook's own sign-in stands here; in this one everybody is Ada.
    getCurrentUserId: () => "ada",
    getIsAdmin: () => false,
    authorizeRoom: (_request, room) => room === "notebook",
  });
  return app;
};
