import { SignJWT } from "jose";

/** The claims of a JWT, and its expiry. */
export interface TokenClaims {
  readonly sub: string;
  readonly admin?: boolean;
  /** Rooms that the token may access; `*` means all. By default, it can only read `@global`. */
  readonly rooms?: readonly string[] | "*";
  /** Jobs (`<category>:<name>`) that the token may register. Default: all jobs. */
  readonly jobs?: readonly string[];
  /** The id of the invitation if the token belongs to an invitation. */
  readonly jti?: string;
  /**
   * Lifetime in seconds. If neither `expiresInSeconds` nor `expiresAt` is set, the token never
   * expires.
   */
  readonly expiresInSeconds?: number;
  readonly expiresAt?: Date;
}

/**
 * Creates a JWT that is signed with HS256. Servers whose setting `jwt_secret` is `secret` accept
 * it.
 */
export async function createToken(secret: string, claims: TokenClaims): Promise<string> {
  const { sub, jti, admin, rooms, jobs, expiresInSeconds, expiresAt } = claims;
  const token = new SignJWT({ ...(admin && { admin }), ...(rooms && { rooms }), ...(jobs && { jobs }) })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(sub)
    .setIssuedAt();
  if (jti !== undefined) token.setJti(jti);
  if (expiresAt !== undefined) token.setExpirationTime(expiresAt);
  else if (expiresInSeconds !== undefined)
    token.setExpirationTime(new Date(Date.now() + expiresInSeconds * 1000));
  return await token.sign(new TextEncoder().encode(secret));
}
