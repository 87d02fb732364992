import { SignJWT } from "jose";

/** Whom a token is for, and what it opens. */
export interface TokenClaims {
  readonly sub: string;
  readonly admin?: boolean;
  /** `*`: every room. Without it none but `@global`, to read. */
  readonly rooms?: readonly string[] | "*";
  /** Without it the token never expires. */
  readonly expiresInSeconds?: number;
}

/** Signs a token that a server with this secret accepts (HS256). */
export const createToken = async (secret: string, claims: TokenClaims): Promise<string> => {
  const { sub, admin, rooms, expiresInSeconds } = claims;
  const token = new SignJWT({ ...(admin && { admin }), ...(rooms && { rooms }) })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(sub)
    .setIssuedAt();
  if (expiresInSeconds !== undefined) {
    token.setExpirationTime(new Date(Date.now() + expiresInSeconds * 1000));
  }
  return await token.sign(new TextEncoder().encode(secret));
};
