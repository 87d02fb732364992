/** Error codes of OpenSSL and Node.js for a certificate that is not trusted. */
const UNTRUSTED = new Set([
  ...["DEPTH_ZERO_SELF_SIGNED_CERT", "SELF_SIGNED_CERT_IN_CHAIN", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
  ...["UNABLE_TO_GET_ISSUER_CERT", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "CERT_UNTRUSTED", "INVALID_CA"],
  ...[
    "CERT_SIGNATURE_FAILURE",
    "CERT_CHAIN_TOO_LONG",
    "PATH_LENGTH_EXCEEDED",
    "INVALID_PURPOSE",
    "CERT_REJECTED",
  ],
]);
const OUT_OF_DATE = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID", "CERT_REVOKED"]);
const WRONG_NAME = new Set(["ERR_TLS_CERT_ALTNAME_INVALID", "HOSTNAME_MISMATCH"]);

/** Why a TLS connection failed. */
export type TlsFailure = "untrusted" | "out-of-date" | "wrong-name" | "handshake";

const getErrorCode = (error: Error): string =>
  "code" in error && typeof error.code === "string" ? error.code : "";

/** Classifies a TLS error of Node.js. Returns undefined for other errors. */
export const classifyTlsError = (error: Error): TlsFailure | undefined => {
  const code = getErrorCode(error);
  if (UNTRUSTED.has(code)) return "untrusted";
  if (OUT_OF_DATE.has(code)) return "out-of-date";
  if (WRONG_NAME.has(code)) return "wrong-name";
  if (code === "EPROTO" || code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_")) return "handshake";
  return undefined;
};

/** Returns OpenSSL's reason without the preceding address, file and line. */
const getOpenSslReason = ({ message }: Error): string =>
  /(?:routines:[^:]*:)([^:\n]+)/.exec(message)?.[1]?.trim() ?? message.replace(/\s*\n\s*/g, " ").trim();

/**
 * Describes a TLS error in one line. Returns undefined for other errors. `caParameter` is the parameter that
 * sets the certificate authority.
 */
export const describeTlsError = (error: Error, caParameter: string): string | undefined => {
  switch (classifyTlsError(error)) {
    case "untrusted":
      return `the certificate of the server is not trusted (${error.message}): set its certificate authority with ${caParameter}`;
    case "out-of-date":
      return `the certificate of the server has expired, was revoked or is not valid yet (${error.message}): renew it, or check the clock of this machine`;
    case "wrong-name":
      return `the certificate of the server is for another name: ${error.message.replace(/^.*altnames: /, "")}`;
    case "handshake":
      return `the TLS handshake failed (${getOpenSslReason(error)}): check that the server accepts TLS on this port, and whether it requires a client certificate`;
    default:
      return undefined;
  }
};
