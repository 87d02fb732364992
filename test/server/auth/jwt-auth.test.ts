import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import Fastify, { type FastifyRequest } from "fastify";
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createToken } from "../../../server/auth/create-token.ts";
import { jwtAuth } from "../../../server/auth/jwt-auth.ts";
import type { HostAuth } from "../../../server/host.ts";

const SECRET = "a secret of at least thirty-two characters";

/** Whom the auth takes the bearer of a header for. */
const whoIs = async (auth: HostAuth, authorization?: string) => {
  const app = Fastify();
  const seen: unknown[] = [];
  app.get("/", async (request: FastifyRequest) => {
    seen.push({
      id: await auth.getCurrentUserId(request),
      admin: await auth.getIsAdmin(request),
      lab: await auth.authorizeRoom?.(request, "lab", "write"),
    });
    return {};
  });
  await app.inject({ url: "/", headers: authorization === undefined ? {} : { authorization } });
  await app.close();
  return seen[0];
};

const NOBODY = { id: undefined, admin: false, lab: false };

describe("a token signed with the secret", () => {
  const auth = jwtAuth({ secret: SECRET });
  const bearer = async (claims: Parameters<typeof createToken>[1], secret = SECRET) =>
    `Bearer ${await createToken(secret, claims)}`;

  test("says who its bearer is, and which rooms are open", async () => {
    expect(await whoIs(auth, await bearer({ sub: "ann", rooms: ["lab"] }))).toEqual({
      id: "ann",
      admin: false,
      lab: true,
    });
    expect(await whoIs(auth, await bearer({ sub: "ann", rooms: ["other"] }))).toEqual({
      id: "ann",
      admin: false,
      lab: false,
    });
    expect(await whoIs(auth, await bearer({ sub: "ann", rooms: "*" }))).toMatchObject({ lab: true });
    expect(await whoIs(auth, await bearer({ sub: "ann" }))).toMatchObject({ lab: false });
    expect(await whoIs(auth, await bearer({ sub: "root", admin: true }))).toEqual({
      id: "root",
      admin: true,
      lab: true,
    });
  });

  test("is nobody's where it is expired, not yet valid, forged or unsigned", async () => {
    const key = new TextEncoder().encode(SECRET);
    const early = new SignJWT({ sub: "ann" }).setProtectedHeader({ alg: "HS256" }).setNotBefore("1h");
    const none = new UnsecuredJWT({ sub: "ann", admin: true }).encode();
    const anonymous = new SignJWT({ admin: true }).setProtectedHeader({ alg: "HS256" });
    const headers = [
      undefined,
      "",
      "Bearer",
      "Basic YW5uOmFubg==",
      "Bearer not.a.token",
      `Bearer ${"x".repeat(100_000)}`,
      await bearer({ sub: "ann", expiresInSeconds: -10 }),
      await bearer({ sub: "ann" }, "another secret of thirty-two characters"),
      `Bearer ${await early.sign(key)}`,
      `Bearer ${await anonymous.sign(key)}`,
      `Bearer ${none}`,
    ];

    for (const header of headers) expect(await whoIs(auth, header)).toEqual(NOBODY);
  });
});

describe("a token signed by an issuer", () => {
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

  test("is verified by the issuer's public key", async () => {
    const token = await new SignJWT({ sub: "ann", rooms: ["lab"] })
      .setProtectedHeader({ alg: "ES256", kid: "k1" })
      .sign(privateKey);

    expect(await whoIs(jwtAuth({ jwksUrl }), `Bearer ${token}`)).toEqual({
      id: "ann",
      admin: false,
      lab: true,
    });
  });

  test("is nobody's where the public key was used as a secret", async () => {
    const forged = await new SignJWT({ sub: "ann", admin: true })
      .setProtectedHeader({ alg: "HS256", kid: "k1" })
      .sign(new TextEncoder().encode(publicText));

    expect(await whoIs(jwtAuth({ jwksUrl }), `Bearer ${forged}`)).toEqual(NOBODY);
  });
});
