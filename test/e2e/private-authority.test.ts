import { readFileSync } from "node:fs";
import { createServer as createHttps } from "node:https";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from "vitest";
import { type CertificateAuthority, createAuthority } from "../support/certificates.ts";
import { createDatabase } from "../support/postgres.ts";
import { end, run, serve } from "./terminals.ts";

let authority: CertificateAuthority;
beforeAll(() => {
  authority = createAuthority();
});
afterAll(() => authority?.[Symbol.dispose]());

/**
 * Serves one JSON document over HTTPS, with a certificate of the private authority, and returns its
 * URL.
 */
const serveDocument = async (document: unknown): Promise<string> => {
  const { certificate, key } = authority.issue({ commonName: "here", alternativeNames: ["DNS:localhost"] });
  const server = createHttps({ cert: readFileSync(certificate), key: readFileSync(key) }, (_, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(document));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => void server.close());
  const address = server.address();
  return `https://localhost:${typeof address === "object" ? address?.port : 0}`;
};

test("NODE_EXTRA_CA_CERTS lets the command line trust a private certificate authority", async () => {
  const env = { JOBLIB_URL: await serveDocument({ items: [], total: 0, limit: 50, offset: 0 }) };

  const untrusted = await run(["jobs", "list", "--room", "lab", "--json"], env);
  const trusted = await run(["jobs", "list", "--room", "lab", "--json"], {
    ...env,
    NODE_EXTRA_CA_CERTS: authority.file,
  });

  expect(untrusted).toMatchObject({ code: 3, stderr: expect.stringContaining("certificate") });
  expect(trusted).toMatchObject({ code: 0, stderr: "" });
});

test("NODE_EXTRA_CA_CERTS lets the server fetch the keys of a private issuer", async () => {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: "1", alg: "ES256" }] };
  const { server, url } = await serve({
    JOBLIB_DATABASE_URL: await createDatabase(inject("postgresUrl")),
    JOBLIB_JWKS_URL: await serveDocument(jwks),
    NODE_EXTRA_CA_CERTS: authority.file,
  });
  const token = await new SignJWT({ sub: "ann", rooms: "*" })
    .setProtectedHeader({ alg: "ES256", kid: "1" })
    .setExpirationTime("1h")
    .sign(privateKey);

  const { code, stderr } = await run(["jobs", "list", "--room", "lab"], {
    JOBLIB_URL: url,
    JOBLIB_TOKEN: token,
  });

  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(await end(server)).toBe(0);
});
