import type { FastifyInstance, InjectOptions } from "fastify";
import { SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type Access, fillPath, operations, streams } from "../../protocol/index.ts";
import { parseSettings } from "../../server/settings/settings.ts";
import { createServer } from "../../server/standalone.ts";
import { createDatabase } from "../support/postgres.ts";

const SECRET = "the secret of the tests, 32 characters and more";
const OTHER = "another secret of the tests, 32 characters too";
const HOUR = 3600;

let app: FastifyInstance;
beforeAll(async () => {
  const database_url = await createDatabase(inject("postgresUrl"));
  const settings = parseSettings({}, { database_url, jwt_secret: SECRET, log_level: "silent" });
  app = await createServer({ settings });
});
afterAll(() => app.close());

const claims = { sub: "root", admin: true, rooms: "*" };
const sign = (secret: string, { exp, nbf }: { exp?: number; nbf?: number } = {}) => {
  const now = Math.floor(Date.now() / 1000);
  const jwt = new SignJWT(claims).setProtectedHeader({ alg: "HS256" });
  if (exp !== undefined) jwt.setExpirationTime(now + exp);
  if (nbf !== undefined) jwt.setNotBefore(now + nbf);
  return jwt.sign(new TextEncoder().encode(secret));
};
const signTampered = async () => {
  const [head, , signature] = (await sign(SECRET)).split(".");
  return [head, Buffer.from(JSON.stringify({ ...claims, sub: "ann" })).toString("base64url"), signature].join(
    ".",
  );
};

const INVALID_TOKENS: Readonly<Record<string, () => Promise<string | undefined>>> = {
  missing: async () => undefined,
  expired: async () => `Bearer ${await sign(SECRET, { exp: -HOUR })}`,
  "not yet valid": async () => `Bearer ${await sign(SECRET, { nbf: HOUR })}`,
  "signed with another secret": async () => `Bearer ${await sign(OTHER)}`,
  unsigned: async () => `Bearer ${new UnsecuredJWT(claims).encode()}`,
  "tampered with": async () => `Bearer ${await signTampered()}`,
  truncated: async () => `Bearer ${(await sign(SECRET)).slice(0, -5)}`,
  "of another scheme": async () => `Basic ${Buffer.from("root:root").toString("base64")}`,
};

/** The parts of an operation or a stream that these tests use. */
interface Endpoint {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly access: Access;
}

const protectedEndpoints = [
  ...Object.entries<Endpoint>(operations),
  ...Object.entries<Endpoint>(streams),
].filter(([, { access }]) => access !== "anyone");
const ids = {
  worker_id: "w",
  task_id: "t",
  job_name: "private:a:B",
  problem_id: "forbidden",
  invitation_id: "i",
};

const send = async (
  { method = "GET", path }: Endpoint,
  room_id: string,
  authorization: string | undefined,
) => {
  const url = fillPath(path, { ...ids, room_id });
  const request: InjectOptions = { method, url, headers: { ...(authorization && { authorization }) } };
  const hasBody = method !== "GET" && method !== "DELETE";
  return app.inject(hasBody ? { ...request, payload: {} } : request);
};

describe.each(Object.keys(INVALID_TOKENS))("a token that is %s", (kind) => {
  test.each(
    protectedEndpoints,
  )(`a token that is ${kind} is refused by %s with the same 401 in every room`, async (_name, operation) => {
    const authorization = await INVALID_TOKENS[kind]?.();
    for (const room of ["own", "other", "@global"]) {
      const response = await send(operation, room, authorization);

      expect(response.statusCode).toBe(401);
      expect(response.headers["www-authenticate"]).toBe("Bearer");
      expect(response.json()).toEqual({
        type: "/v1/problems/unauthorized",
        title: expect.any(String),
        status: 401,
        detail:
          "Missing or invalid credentials. Send the credentials that this server requires, for example a bearer token in the Authorization header.",
      });
    }
  });
});

test("an operation accepts a valid token", async () => {
  const authorization = `Bearer ${await sign(SECRET, { exp: HOUR })}`;

  expect((await send(operations.listWorkers, "own", authorization)).statusCode).toBe(200);
});
