import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import Fastify, { type FastifyRequest } from "fastify";
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createToken } from "../../../server/auth/create-token.ts";
import type { HostAuth } from "../../../server/auth/host-auth.ts";
import { jwtAuth } from "../../../server/auth/jwt-auth.ts";

const SECRET = "a secret of at least thirty-two characters";

/**
 * Authenticates a request with `auth`. Returns the user, the admin flag, and the user's access to
 * the room `lab`.
 */
const authenticate = async (auth: HostAuth, authorization?: string) => {
  const app = Fastify();
  const results: unknown[] = [];
  app.get("/", async (request: FastifyRequest) => {
    results.push({
      id: await auth.getCurrentUserId(request),
      admin: await auth.getIsAdmin(request),
      lab: await auth.authorizeRoom?.(request, "lab", "write"),
    });
    return {};
  });
  await app.inject({ url: "/", headers: authorization === undefined ? {} : { authorization } });
  await app.close();
  return results[0];
};

const UNAUTHENTICATED = { id: undefined, admin: false, lab: false };

describe("token signed with the secret", () => {
  const auth = jwtAuth({ secret: SECRET });
  const createHeader = async (claims: Parameters<typeof createToken>[1], secret = SECRET) =>
    `Bearer ${await createToken(secret, claims)}`;

  test("a token signed with the secret determines the user, the admin flag and the rooms", async () => {
    expect(await authenticate(auth, await createHeader({ sub: "ann", rooms: ["lab"] }))).toEqual({
      id: "ann",
      admin: false,
      lab: true,
    });
    expect(await authenticate(auth, await createHeader({ sub: "ann", rooms: ["other"] }))).toEqual({
      id: "ann",
      admin: false,
      lab: false,
    });
    expect(await authenticate(auth, await createHeader({ sub: "ann", rooms: "*" }))).toMatchObject({
      lab: true,
    });
    expect(await authenticate(auth, await createHeader({ sub: "ann" }))).toMatchObject({ lab: false });
    expect(await authenticate(auth, await createHeader({ sub: "root", admin: true }))).toEqual({
      id: "root",
      admin: true,
      lab: true,
    });
  });

  test("a token signed with the secret is rejected if it is expired, not yet valid, forged, unsigned or without a subject", async () => {
    const key = new TextEncoder().encode(SECRET);
    const notYetValid = new SignJWT({ sub: "ann" }).setProtectedHeader({ alg: "HS256" }).setNotBefore("1h");
    const unsigned = new UnsecuredJWT({ sub: "ann", admin: true }).encode();
    const withoutSubject = new SignJWT({ admin: true }).setProtectedHeader({ alg: "HS256" });
    const headers = [
      undefined,
      "",
      "Bearer",
      "Basic YW5uOmFubg==",
      "Bearer not.a.token",
      `Bearer ${"x".repeat(100_000)}`,
      await createHeader({ sub: "ann", expiresInSeconds: -10 }),
      await createHeader({ sub: "ann" }, "another secret of thirty-two characters"),
      `Bearer ${await notYetValid.sign(key)}`,
      `Bearer ${await withoutSubject.sign(key)}`,
      `Bearer ${unsigned}`,
    ];

    for (const header of headers) expect(await authenticate(auth, header)).toEqual(UNAUTHENTICATED);
  });
});

describe("token of an invitation", () => {
  const id = "01900000-0000-7000-8000-000000000000";
  const invitation = { sub: `invitation:${id}`, jti: id, rooms: ["lab"] };

  /**
   * Sends two requests with the token of an invitation. Calls `change` during the first request, after
   * `auth` has authenticated the user.
   */
  const sendAroundChange = async (auth: HostAuth, expiresInSeconds: number, change: () => unknown) => {
    const app = Fastify();
    app.get("/", async (request: FastifyRequest) => {
      const user = await auth.getCurrentUserId(request);
      await change();
      const credentials = await auth.describeCredentials?.(request);
      return { user, admin: await auth.getIsAdmin(request), invitation: credentials?.invitationId };
    });
    const headers = {
      authorization: `Bearer ${await createToken(SECRET, { ...invitation, expiresInSeconds })}`,
    };
    const first = await app.inject({ url: "/", headers });
    const second = await app.inject({ url: "/", headers });
    await app.close();
    return { first: first.json(), secondStatus: second.statusCode };
  };
  const expected = {
    first: { user: invitation.sub, admin: false, invitation: id },
    secondStatus: 401,
  };

  test("an invitation's token stays limited to the invitation until the end of a request during which the invitation is revoked", async () => {
    let isValid = true;
    const auth = jwtAuth({ secret: SECRET }, { isValid: async () => isValid });
    const revoke = () => {
      isValid = false;
    };

    expect(await sendAroundChange(auth, 60, revoke)).toEqual(expected);
  });

  test("an invitation's token stays limited to the invitation until the end of a request during which the token expires", async () => {
    const auth = jwtAuth({ secret: SECRET }, { isValid: async () => true });

    expect(await sendAroundChange(auth, 2, () => setTimeout(2_000))).toEqual(expected);
  });
});

describe("token signed by an issuer", () => {
  let issuer: Server;
  let jwksUrl = "";
  let privateKey: Awaited<ReturnType<typeof generateKeyPair>>["privateKey"];
  let publicText = "";

  beforeAll(async () => {
    const pair = await generateKeyPair("ES256", { extractable: true });
    privateKey = pair.privateKey;
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: "k1", alg: "ES256" };
    publicText = JSON.stringify(jwk);
    issuer = createServer((_, response) =>
      response.setHeader("content-type", "application/json").end(JSON.stringify({ keys: [jwk] })),
    );
    await new Promise<void>((resolve) => issuer.listen(0, "127.0.0.1", resolve));
    const { port } = issuer.address() as AddressInfo;
    jwksUrl = `http://127.0.0.1:${port}/jwks.json`;
  });

  afterAll(() => new Promise((resolve) => issuer.close(resolve)));

  test("a token signed by an issuer is verified with the issuer's public key", async () => {
    const token = await new SignJWT({ sub: "ann", rooms: ["lab"] })
      .setProtectedHeader({ alg: "ES256", kid: "k1" })
      .sign(privateKey);

    expect(await authenticate(jwtAuth({ jwksUrl }), `Bearer ${token}`)).toEqual({
      id: "ann",
      admin: false,
      lab: true,
    });
  });

  test("a token signed by an issuer is rejected if it was signed with the public key as a secret", async () => {
    const forged = await new SignJWT({ sub: "ann", admin: true })
      .setProtectedHeader({ alg: "HS256", kid: "k1" })
      .sign(new TextEncoder().encode(publicText));

    expect(await authenticate(jwtAuth({ jwksUrl }), `Bearer ${forged}`)).toEqual(UNAUTHENTICATED);
  });
});
