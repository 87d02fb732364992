/** Error codes of OpenSSL and Node.js for a certificate that is not trusted. */
const UNTRUSTED_CODES = [
  ...["DEPTH_ZERO_SELF_SIGNED_CERT", "SELF_SIGNED_CERT_IN_CHAIN", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
  ...["UNABLE_TO_GET_ISSUER_CERT", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "CERT_UNTRUSTED", "INVALID_CA"],
  ...["CERT_SIGNATURE_FAILURE", "CERT_CHAIN_TOO_LONG", "PATH_LENGTH_EXCEEDED", "INVALID_PURPOSE"],
  "CERT_REJECTED",
];
const OUT_OF_DATE_CODES = ["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID", "CERT_REVOKED"];
const WRONG_NAME_CODES = ["ERR_TLS_CERT_ALTNAME_INVALID", "HOSTNAME_MISMATCH"];
const HANDSHAKE_CODE = /^(EPROTO$|ERR_SSL_|ERR_TLS_)/;

/**
 * Describes a TLS error; returns undefined for any other error. `caParameter` is the parameter that
 * sets the certificate authority.
 */
export function describeTlsError(error: Error, caParameter: string): string | undefined {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (UNTRUSTED_CODES.includes(code)) {
    return `the certificate of the server is not trusted (${error.message}): set its certificate authority with ${caParameter}`;
  }
  if (OUT_OF_DATE_CODES.includes(code)) {
    return `the certificate of the server has expired, was revoked or is not valid yet (${error.message}): renew it, or check the clock of this machine`;
  }
  if (WRONG_NAME_CODES.includes(code)) {
    return `the certificate of the server is for another name: ${error.message.replace(/^.*altnames: /, "")}`;
  }
  if (HANDSHAKE_CODE.test(code)) {
    return `the TLS handshake failed (${getOpenSslReason(error)}): check that the server accepts TLS on this port, and whether it requires a client certificate`;
  }
  return undefined;
}

/** Returns OpenSSL's reason without the preceding address, file and line. */
function getOpenSslReason({ message }: Error): string {
  const reason = /(?:routines:[^:]*:)([^:\n]+)/.exec(message)?.[1] ?? message.replace(/\s*\n\s*/g, " ");
  return reason.trim();
}
