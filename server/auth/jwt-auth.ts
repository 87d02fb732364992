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

/** Whose token it is, as it was read when its signature was checked. */
interface Bearer {
  readonly claims: Claims;
  /** Where it was an invitation: whether that is still open is asked every time. */
  readonly invitationId: string | undefined;
  readonly credentials: Credentials;
  /** In milliseconds of the wall clock. */
  readonly believedUntil: number;
}

type Known = Bearer | undefined | Promise<Bearer | undefined>;

/** Where a request keeps whose it is, to its end; a WeakMap of them cost two microseconds for each, and the collector more. */
const BEARER_OF = Symbol("bearer");

interface Asked extends FastifyRequest {
  [BEARER_OF]?: Known;
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

/** What is told of somebody: at once where that is known. */
const of = <Value>(known: Known, tell: (bearer: Bearer | undefined) => Value): Value | Promise<Value> =>
  known instanceof Promise ? known.then(tell) : tell(known);

/** Bearer tokens (RFC 6750) of the standalone server: `sub`, `admin`, `rooms`; `exp` and `nbf` are heeded. */
export const jwtAuth = (keys: JwtKeys, invitations?: Pick<OpenInvitations, "isOpen">): HostAuth => {
  const verify = verifierOf(keys);
  // By the whole header. A worker's every request carries the same token; checking its signature again was 7 % of a submit's time.
  const believed = new Map<string, Bearer>();

  const bearerOfToken = async (authorization: string, token: string): Promise<Bearer | undefined> => {
    const claims = Claims.safeParse(await verify(token)).data;
    if (claims === undefined) return undefined;
    const bearer = {
      claims,
      invitationId: invitations && invitationIdOf(claims),
      credentials: credentialsOf(claims, invitations !== undefined),
      believedUntil: believedUntil(claims),
    };
    if (believed.size >= MAX_BELIEVED) believed.clear();
    believed.set(authorization, bearer);
    return bearer;
  };

  const verified = async (authorization: string | undefined): Promise<Bearer | undefined> => {
    if (authorization === undefined || authorization.length > LONGEST_TOKEN) return undefined;
    const token = BEARER.exec(authorization)?.[1];
    if (token === undefined) return undefined;
    try {
      return await bearerOfToken(authorization, token);
    } catch (error) {
      if (isIssuerAway(error)) {
        throw new Problem("service-unavailable", "The issuer's keys cannot be had now.", { retryAfter: 5 });
      }
      return undefined;
    }
  };

  const believedBearer = (authorization: string | undefined): Bearer | undefined => {
    const known = authorization === undefined ? undefined : believed.get(authorization);
    return known !== undefined && Date.now() < known.believedUntil ? known : undefined;
  };

  /** Who was invited is nobody once the invitation is revoked. */
  const read = async ({ headers: { authorization } }: FastifyRequest): Promise<Bearer | undefined> => {
    const bearer = believedBearer(authorization) ?? (await verified(authorization));
    const id = bearer?.invitationId;
    return id === undefined || (await invitations?.isOpen(id)) ? bearer : undefined;
  };

  // One request asks up to three times who it is; the signature is checked once, and what is believed is said at once.
  const bearerOf = (request: Asked): Known => {
    const known = request[BEARER_OF];
    if (known !== undefined) return known;
    const believed = believedBearer(request.headers.authorization);
    const bearer = believed !== undefined && believed.invitationId === undefined ? believed : read(request);
    request[BEARER_OF] = bearer;
    return bearer;
  };

  return {
    getCurrentUserId: (request) => of(bearerOf(request), (bearer) => bearer?.claims.sub),
    getIsAdmin: (request) => of(bearerOf(request), (bearer) => bearer?.claims.admin ?? false),
    authorizeRoom: (request, roomId) =>
      of(bearerOf(request), (bearer) => {
        if (bearer === undefined) return false;
        const { admin, rooms } = bearer.claims;
        return admin || rooms === "*" || rooms.includes(roomId);
      }),
    authorizeJob: (request, _roomId, job) =>
      of(bearerOf(request), (bearer) => {
        if (bearer === undefined) return false;
        const { jobs } = bearer.claims;
        return jobs === undefined || jobs.includes(jobKind(job));
      }),
    describeCredentials: (request) =>
      of(bearerOf(request), (bearer) => bearer?.credentials ?? credentialsOf(undefined, false)),
    listRooms: (request) =>
      of(bearerOf(request), (bearer) =>
        bearer === undefined || bearer.claims.admin || bearer.claims.rooms === "*"
          ? undefined
          : bearer.claims.rooms,
      ),
  };
};
