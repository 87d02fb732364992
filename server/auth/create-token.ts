import { SignJWT } from "jose";

/** Whom a token is for, and what it opens. */
export interface TokenClaims {
  readonly sub: string;
  readonly admin?: boolean;
  /** `*`: every room. Without it none but `@global`, to read. */
  readonly rooms?: readonly string[] | "*";
  /** `<category>:<name>` of the jobs that it may register; without it any. */
  readonly jobs?: readonly string[];
  /** Which invitation it is. */
  readonly jti?: string;
  /** Without it, and without `expiresAt`, the token never expires. */
  readonly expiresInSeconds?: number;
  readonly expiresAt?: Date;
}

/** Signs a token that a server with this secret accepts (HS256). */
export const createToken = async (secret: string, claims: TokenClaims): Promise<string> => {
  const { sub, jti, admin, rooms, jobs, expiresInSeconds } = claims;
  const token = new SignJWT({ ...(admin && { admin }), ...(rooms && { rooms }), ...(jobs && { jobs }) })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(sub)
    .setIssuedAt();
  if (jti !== undefined) token.setJti(jti);
  const expiresAt =
    claims.expiresAt ??
    (expiresInSeconds === undefined ? undefined : new Date(Date.now() + expiresInSeconds * 1000));
  if (expiresAt !== undefined) token.setExpirationTime(expiresAt);
  return await token.sign(new TextEncoder().encode(secret));
};
