import { inject } from "vitest";
import { createToken } from "../../server/auth/create-token.ts";
import { end, serve } from "../e2e/terminals.ts";
import { createDatabase } from "../support/postgres.ts";

/** The key that signs the tokens for a server with `jwt` authentication. */
export const SECRET = "a secret that only this test's server knows";

/** The kinds of authentication under test. */
export const AUTHS = ["local", "jwt"] as const;
export type Auth = (typeof AUTHS)[number];

/** The settings that docs/zndraw.md recommends for a server with ZnDraw's workers. */
const SETTINGS = {
  JOBLIB_JOB_NAME_STYLE: "room",
  JOBLIB_REQUIRE_WORKERS: "true",
  JOBLIB_ALLOWED_CATEGORIES: "modifiers,selections,analysis",
};

/**
 * Starts `joblib serve` for ZnDraw's client. `token` is the token of an admin, or empty for a
 * server without authentication.
 */
export const serveForZnDraw = async (auth: Auth, env: Readonly<Record<string, string>> = {}) => {
  const secret = auth === "jwt" ? { JOBLIB_JWT_SECRET: SECRET } : {};
  const database = { JOBLIB_DATABASE_URL: await createDatabase(inject("postgresUrl")) };
  const { server, url } = await serve({ ...SETTINGS, ...database, ...secret, ...env });
  const token = auth === "jwt" ? await createToken(SECRET, { sub: "zoe", admin: true, rooms: "*" }) : "";
  return {
    url,
    token,
    async [Symbol.asyncDispose]() {
      await end(server);
    },
  };
};
