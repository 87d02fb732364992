import type { FastifyRequest } from "fastify";
import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import { LRUCache } from "lru-cache";
import * as z from "zod";
import { formatJobKind, Problem } from "../../protocol/index.ts";
import type { Credentials, HostAuth } from "../host.ts";
import { getInvitationId } from "./invitation-issuer.ts";
import type { InvitationStatusCache } from "./invitation-status.ts";

/**
 * The claims that are read from a token: `rooms` that it may access (`*` is all), and `jobs` that it may
 * register.
 */
const Claims = z.object({
  sub: z.string().min(1).max(255),
  admin: z.boolean().default(false),
  rooms: z.union([z.literal("*"), z.array(z.string())]).default([]),
  jobs: z.array(z.string()).optional(),
  jti: z.string().optional().catch(undefined),
  exp: z.number().optional(),
});
type Claims = z.output<typeof Claims>;

/** Secrets and public keys use different algorithms, so that a public key cannot be used as a secret (RFC 8725, section 3.1). */
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
const MAX_TOKEN_LENGTH = 16_384;
const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]+)$/i;

/** The keys that verify tokens: a shared secret, or the public keys of an issuer (RFC 7517). */
export type JwtKeys = { readonly secret: string } | { readonly jwksUrl: string };

/** Returns the credentials in a token's claims. */
const toCredentials = (claims: Claims | undefined, mayBeInvitation: boolean): Credentials => ({
  rooms: claims?.rooms ?? [],
  jobs: claims?.jobs ?? null,
  expiresAt: claims?.exp === undefined ? null : new Date(claims.exp * 1000).toISOString(),
  invitationId: (mayBeInvitation && claims && getInvitationId(claims)) || null,
});

type Verify = (token: string) => Promise<unknown>;

/**
 * Time for which a verified token is cached. A token stays valid for up to this time after the issuer
 * withdraws its key.
 */
const CACHE_MS = 30_000;
const MAX_CACHED = 2_000;

/** The contents of a verified token. */
interface Bearer {
  readonly claims: Claims;
  /** The id of the invitation if the token belongs to one. Every request checks that it is not revoked. */
  readonly invitationId: string | undefined;
  readonly credentials: Credentials;
  /** Expiry of the cache entry, in milliseconds since the epoch. */
  readonly cachedUntil: number;
}

type CachedBearer = Bearer | undefined | Promise<Bearer | undefined>;

/** Property of a request that caches its bearer. A WeakMap cost 2 µs per request, and more in garbage collection. */
const REQUEST_BEARER = Symbol("bearer");

interface RequestWithBearer extends FastifyRequest {
  [REQUEST_BEARER]?: CachedBearer;
}

const getCacheExpiry = ({ exp }: Claims): number =>
  Math.min(Date.now() + CACHE_MS, (exp ?? Number.POSITIVE_INFINITY) * 1000);

const createVerifier = (keys: JwtKeys): Verify => {
  if ("secret" in keys) {
    const secret = new TextEncoder().encode(keys.secret);
    return async (token) => (await jwtVerify(token, secret, { algorithms: SECRET_ALGORITHMS })).payload;
  }
  const keySet: JWTVerifyGetKey = createRemoteJWKSet(new URL(keys.jwksUrl), { timeoutDuration: 5000 });
  return async (token) => (await jwtVerify(token, keySet, { algorithms: KEY_ALGORITHMS })).payload;
};

/** Returns true if the issuer did not respond, so that nothing is known about the token. */
const isIssuerUnreachable = (error: unknown) =>
  error instanceof errors.JWKSTimeout || error instanceof TypeError || !(error instanceof errors.JOSEError);

/** Calls `read` with a bearer and returns its value; returns no promise if the bearer is cached. */
const mapBearer = <Value>(
  known: CachedBearer,
  read: (bearer: Bearer | undefined) => Value,
): Value | Promise<Value> => (known instanceof Promise ? known.then(read) : read(known));

/**
 * Authenticates requests to the standalone server by bearer tokens (RFC 6750). Reads the claims `sub`,
 * `admin`, `rooms` and `jobs`, and enforces `exp` and `nbf`.
 */
export const jwtAuth = (keys: JwtKeys, invitations?: Pick<InvitationStatusCache, "isValid">): HostAuth => {
  const verify = createVerifier(keys);
  // The key of the cache is the whole Authorization header. A worker sends the same token with every request,
  // and verifying it each time took 7 % of the time of a submit.
  const cached = new LRUCache<string, Bearer>({ max: MAX_CACHED });

  const verifyToken = async (authorization: string, token: string): Promise<Bearer | undefined> => {
    const claims = Claims.safeParse(await verify(token)).data;
    if (claims === undefined) return undefined;
    const bearer = {
      claims,
      invitationId: invitations && getInvitationId(claims),
      credentials: toCredentials(claims, invitations !== undefined),
      cachedUntil: getCacheExpiry(claims),
    };
    cached.set(authorization, bearer);
    return bearer;
  };

  const authenticate = async (authorization: string | undefined): Promise<Bearer | undefined> => {
    if (authorization === undefined || authorization.length > MAX_TOKEN_LENGTH) return undefined;
    const token = BEARER.exec(authorization)?.[1];
    if (token === undefined) return undefined;
    try {
      return await verifyToken(authorization, token);
    } catch (error) {
      if (isIssuerUnreachable(error)) {
        throw new Problem("service-unavailable", "Cannot load the token issuer's keys. Retry later.", {
          retryAfter: 5,
        });
      }
      return undefined;
    }
  };

  const getCachedBearer = (authorization: string | undefined): Bearer | undefined => {
    const known = authorization === undefined ? undefined : cached.get(authorization);
    return known !== undefined && Date.now() < known.cachedUntil ? known : undefined;
  };

  /** Returns the bearer of a request; undefined if its invitation was revoked. */
  const readBearer = async ({ headers: { authorization } }: FastifyRequest): Promise<Bearer | undefined> => {
    const bearer = getCachedBearer(authorization) ?? (await authenticate(authorization));
    const id = bearer?.invitationId;
    return id === undefined || (await invitations?.isValid(id)) ? bearer : undefined;
  };

  // A request needs its bearer up to three times; the signature is verified once.
  const getBearer = (request: RequestWithBearer): CachedBearer => {
    const known = request[REQUEST_BEARER];
    if (known !== undefined) return known;
    const cached = getCachedBearer(request.headers.authorization);
    const bearer = cached !== undefined && cached.invitationId === undefined ? cached : readBearer(request);
    request[REQUEST_BEARER] = bearer;
    return bearer;
  };

  return {
    getCurrentUserId: (request) => mapBearer(getBearer(request), (bearer) => bearer?.claims.sub),
    getIsAdmin: (request) => mapBearer(getBearer(request), (bearer) => bearer?.claims.admin ?? false),
    authorizeRoom: (request, roomId) =>
      mapBearer(getBearer(request), (bearer) => {
        if (bearer === undefined) return false;
        const { admin, rooms } = bearer.claims;
        return admin || rooms === "*" || rooms.includes(roomId);
      }),
    authorizeJob: (request, _roomId, job) =>
      mapBearer(getBearer(request), (bearer) => {
        if (bearer === undefined) return false;
        const { jobs } = bearer.claims;
        return jobs === undefined || jobs.includes(formatJobKind(job));
      }),
    describeCredentials: (request) =>
      mapBearer(getBearer(request), (bearer) => bearer?.credentials ?? toCredentials(undefined, false)),
    listRooms: (request) =>
      mapBearer(getBearer(request), (bearer) =>
        bearer === undefined || bearer.claims.admin || bearer.claims.rooms === "*"
          ? undefined
          : bearer.claims.rooms,
      ),
  };
};
