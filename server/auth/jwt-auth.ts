import type { FastifyRequest } from "fastify";
import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import * as z from "zod";
import { jobKind, Problem } from "../../protocol/index.ts";
import type { Credentials, HostAuth } from "../host.ts";
import { invitationIdOf } from "./invitation-desk.ts";
import type { OpenInvitations } from "./open-invitations.ts";

/** Who a token says its bearer is; `rooms` lists those it may enter, `*` is all, and without it there are none; `jobs` what it may register. */
const Claims = z.object({
  sub: z.string().min(1).max(255),
  admin: z.boolean().default(false),
  rooms: z.union([z.literal("*"), z.array(z.string())]).default([]),
  jobs: z.array(z.string()).optional(),
  jti: z.string().optional().catch(undefined),
  exp: z.number().optional(),
});
type Claims = z.output<typeof Claims>;

/** A secret and a public key never share an algorithm, so that a public key is not taken for a secret (RFC 8725, 3.1). */
const SECRET_ALGORITHMS = ["HS256"];
const KEY_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
];
const LONGEST_TOKEN = 16_384;
const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]+)$/i;

/** How tokens are verified: by a secret that both sides know, or by an issuer's public keys (RFC 7517). */
export type JwtKeys = { readonly secret: string } | { readonly jwksUrl: string };

/** What a token says of itself; where nobody invites, none is an invitation. */
const credentialsOf = (claims: Claims | undefined, mayBeInvitation: boolean): Credentials => ({
  rooms: claims?.rooms ?? [],
  jobs: claims?.jobs ?? null,
  expiresAt: claims?.exp === undefined ? null : new Date(claims.exp * 1000).toISOString(),
  invitationId: (mayBeInvitation && claims && invitationIdOf(claims)) || null,
});

type Verify = (token: string) => Promise<unknown>;

/** How long a verified token is believed without looking again: so long a key that was withdrawn still opens. */
const BELIEVED_MS = 30_000;
const MAX_BELIEVED = 2_000;

/** A verified token, and until when it need not be verified again, in milliseconds of the wall clock. */
interface Believed {
  readonly claims: Claims;
  readonly until: number;
}

const believedUntil = ({ exp }: Claims): number =>
  Math.min(Date.now() + BELIEVED_MS, (exp ?? Number.POSITIVE_INFINITY) * 1000);

const verifierOf = (keys: JwtKeys): Verify => {
  if ("secret" in keys) {
    const secret = new TextEncoder().encode(keys.secret);
    return async (token) => (await jwtVerify(token, secret, { algorithms: SECRET_ALGORITHMS })).payload;
  }
  const keySet: JWTVerifyGetKey = createRemoteJWKSet(new URL(keys.jwksUrl), { timeoutDuration: 5000 });
  return async (token) => (await jwtVerify(token, keySet, { algorithms: KEY_ALGORITHMS })).payload;
};

/** True where the issuer did not answer: that is not the bearer's fault. */
const isIssuerAway = (error: unknown) =>
  error instanceof errors.JWKSTimeout || error instanceof TypeError || !(error instanceof errors.JOSEError);

/** Bearer tokens (RFC 6750) of the standalone server: `sub`, `admin`, `rooms`; `exp` and `nbf` are heeded. */
export const jwtAuth = (keys: JwtKeys, invitations?: Pick<OpenInvitations, "isOpen">): HostAuth => {
  const verify = verifierOf(keys);
  const seen = new WeakMap<FastifyRequest, Promise<Claims | undefined>>();
  // A worker's every request carries the same token; checking its signature again was 7 % of a submit's time.
  const believed = new Map<string, Believed>();

  const claimsOfToken = async (token: string): Promise<Claims | undefined> => {
    const known = believed.get(token);
    if (known !== undefined && Date.now() < known.until) return known.claims;
    believed.delete(token);
    const claims = Claims.safeParse(await verify(token)).data;
    if (claims === undefined) return undefined;
    if (believed.size >= MAX_BELIEVED) believed.clear();
    believed.set(token, { claims, until: believedUntil(claims) });
    return claims;
  };

  const verified = async ({ headers }: FastifyRequest): Promise<Claims | undefined> => {
    const { authorization } = headers;
    if (authorization === undefined || authorization.length > LONGEST_TOKEN) return undefined;
    const token = BEARER.exec(authorization)?.[1];
    if (token === undefined) return undefined;
    try {
      return await claimsOfToken(token);
    } catch (error) {
      if (isIssuerAway(error)) {
        throw new Problem("service-unavailable", "The issuer's keys cannot be had now.", { retryAfter: 5 });
      }
      return undefined;
    }
  };

  /** Who was invited is nobody once the invitation is revoked. */
  const read = async (request: FastifyRequest): Promise<Claims | undefined> => {
    const claims = await verified(request);
    const id = claims && invitations && invitationIdOf(claims);
    return id === undefined || (await invitations?.isOpen(id)) ? claims : undefined;
  };

  // One request asks up to three times who it is; the signature is checked once.
  const claimsOf = (request: FastifyRequest): Promise<Claims | undefined> => {
    const known = seen.get(request) ?? read(request);
    seen.set(request, known);
    return known;
  };

  return {
    getCurrentUserId: async (request) => (await claimsOf(request))?.sub,
    getIsAdmin: async (request) => (await claimsOf(request))?.admin ?? false,
    authorizeRoom: async (request, roomId) => {
      const claims = await claimsOf(request);
      if (claims === undefined) return false;
      return claims.admin || claims.rooms === "*" || claims.rooms.includes(roomId);
    },
    authorizeJob: async (request, _roomId, job) => {
      const claims = await claimsOf(request);
      return claims !== undefined && (claims.jobs === undefined || claims.jobs.includes(jobKind(job)));
    },
    describeCredentials: async (request) => credentialsOf(await claimsOf(request), invitations !== undefined),
    listRooms: async (request) => {
      const claims = await claimsOf(request);
      return claims === undefined || claims.admin || claims.rooms === "*" ? undefined : claims.rooms;
    },
  };
};
