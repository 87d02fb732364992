import type { FastifyRequest } from "fastify";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";
import { LRUCache } from "lru-cache";
import * as z from "zod";
import { formatJobKind, Problem } from "../../protocol/index.ts";
import { unauthorized } from "../http/problems.ts";
import type { Credentials, HostAuth } from "./host-auth.ts";
import { getInvitationId, type InvitationStatusCache } from "./invitations.ts";

/** The claims that are read from a token; see `TokenClaims`. */
const Claims = z.object({
  sub: z.string().min(1).max(255),
  admin: z.boolean().default(false),
  rooms: z.union([z.literal("*"), z.array(z.string())]).default([]),
  jobs: z.array(z.string()).optional(),
  jti: z.string().optional().catch(undefined),
  exp: z.number().optional(),
});
type Claims = z.output<typeof Claims>;

const NO_CLAIMS: Omit<Claims, "sub"> = { admin: false, rooms: [], jobs: [] };

/**
 * Allowed algorithms. Algorithms for secrets are not allowed for public keys, because an attacker
 * could then use an issuer's public key as the secret for HS256 (RFC 8725, section 3.1).
 */
const SECRET_ALGORITHMS = ["HS256"];
const KEY_ALGORITHMS = "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA".split(" ");
const MAX_TOKEN_LENGTH = 16_384;
const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]+)$/i;
/** A token stays valid for up to this time after the issuer withdraws its key. */
const CACHE_MS = 30_000;
const MAX_CACHED = 2_000;

/** The keys that verify tokens: a shared secret, or the public keys of an issuer (RFC 7517). */
export type JwtKeys = { readonly secret: string } | { readonly jwksUrl: string };

/** Authenticates requests by bearer tokens (RFC 6750). Enforces `exp` and `nbf`. */
export const jwtAuth = (keys: JwtKeys, invitations?: Pick<InvitationStatusCache, "isValid">): HostAuth => {
  const bearers = new BearerReader(keys, invitations);
  const readClaims = async (request: FastifyRequest) => (await bearers.read(request))?.claims;
  return {
    getCurrentUserId: async (request) => (await readClaims(request))?.sub,
    getIsAdmin: async (request) => (await readClaims(request))?.admin ?? false,
    authorizeRoom: async (request, roomId) => {
      const { admin, rooms } = (await readClaims(request)) ?? NO_CLAIMS;
      return admin || rooms === "*" || rooms.includes(roomId);
    },
    authorizeJob: async (request, _roomId, job) => {
      const { jobs } = (await readClaims(request)) ?? NO_CLAIMS;
      return jobs === undefined || jobs.includes(formatJobKind(job));
    },
    describeCredentials: async (request) => {
      const bearer = await bearers.read(request);
      if (bearer === undefined) throw unauthorized();
      return bearer.credentials;
    },
    listRooms: async (request) => {
      const claims = await readClaims(request);
      return claims === undefined || claims.admin || claims.rooms === "*" ? undefined : claims.rooms;
    },
  };
};

/**
 * Property of a request that contains its verified token. A `WeakMap` instead took 2 µs per
 * request.
 */
const REQUEST_BEARER = Symbol("bearer");

interface RequestWithBearer extends FastifyRequest {
  [REQUEST_BEARER]?: Promise<Bearer | undefined>;
}

interface Bearer {
  readonly claims: Claims;
  readonly credentials: Credentials;
}

class BearerReader {
  readonly #verify: (token: string) => Promise<unknown>;
  readonly #invitations: Pick<InvitationStatusCache, "isValid"> | undefined;
  // Cache of verified tokens. The key is the whole Authorization header. Without the cache,
  // verifying the token took 7 % of the time of a submit.
  readonly #cached = new LRUCache<string, Bearer>({ max: MAX_CACHED, ttl: CACHE_MS, ttlResolution: 0 });

  constructor(keys: JwtKeys, invitations: Pick<InvitationStatusCache, "isValid"> | undefined) {
    this.#verify = createVerifier(keys);
    this.#invitations = invitations;
  }

  /**
   * Returns the verified token of a request. Returns undefined if the token is invalid or its
   * invitation was revoked. All calls for one request return the same result, so that all its
   * access checks use the same permissions even if the token expires between two of them.
   */
  read(request: RequestWithBearer): Promise<Bearer | undefined> {
    request[REQUEST_BEARER] ??= this.#read(request.headers.authorization);
    return request[REQUEST_BEARER];
  }

  async #read(authorization: string | undefined): Promise<Bearer | undefined> {
    if (authorization === undefined || authorization.length > MAX_TOKEN_LENGTH) return undefined;
    const bearer = this.#cached.get(authorization) ?? (await this.#authenticate(authorization));
    const id = bearer?.credentials.invitationId ?? null;
    return id === null || (await this.#invitations?.isValid(id)) ? bearer : undefined;
  }

  async #authenticate(authorization: string): Promise<Bearer | undefined> {
    const token = BEARER.exec(authorization)?.[1];
    if (token === undefined) return undefined;
    const claims = Claims.safeParse(await this.#readPayload(token)).data;
    if (claims === undefined) return undefined;
    const bearer = { claims, credentials: this.#toCredentials(claims) };
    this.#cached.set(authorization, bearer, { ttl: getCacheTtl(claims) });
    return bearer;
  }

  /**
   * Verifies a token and returns its claims. Returns undefined for an invalid token. Throws a 503
   * problem if the issuer's keys cannot be loaded.
   */
  async #readPayload(token: string): Promise<unknown> {
    try {
      return await this.#verify(token);
    } catch (error) {
      const isIssuerUnreachable = error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError);
      if (!isIssuerUnreachable) return undefined;
      const detail =
        "The server cannot load the keys of the token issuer (JOBLIB_JWKS_URL). Try again later.";
      throw new Problem("service-unavailable", detail, { retryAfter: 5 });
    }
  }

  #toCredentials(claims: Claims): Credentials {
    return {
      rooms: claims.rooms,
      jobs: claims.jobs ?? null,
      expiresAt: claims.exp === undefined ? null : new Date(claims.exp * 1000).toISOString(),
      invitationId: this.#invitations === undefined ? null : getInvitationId(claims),
    };
  }
}

function createVerifier(keys: JwtKeys): (token: string) => Promise<unknown> {
  if ("secret" in keys) {
    const secret = new TextEncoder().encode(keys.secret);
    return async (token) => (await jwtVerify(token, secret, { algorithms: SECRET_ALGORITHMS })).payload;
  }
  const keySet = createRemoteJWKSet(new URL(keys.jwksUrl), { timeoutDuration: 5000 });
  return async (token) => (await jwtVerify(token, keySet, { algorithms: KEY_ALGORITHMS })).payload;
}

/**
 * Returns the time for which a token is cached, in milliseconds. It is at least 1, because
 * lru-cache never removes entries whose time is 0.
 */
function getCacheTtl({ exp = Number.POSITIVE_INFINITY }: Claims): number {
  return Math.max(1, Math.min(CACHE_MS, Math.floor(exp * 1000 - Date.now())));
}
