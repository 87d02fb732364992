import { classifyTlsError, describeTlsError } from "../../tls/tls-errors.ts";

/** Messages of errors that pg throws without a code, before the session begins. */
const NO_TLS = "The server does not support SSL connections";
const NO_BINDING = /channel binding|SCRAM-SHA-256-PLUS/;

/** SQLSTATE class 28: PostgreSQL rejected the user or the kind of connection. */
const REFUSED = /^28/;
const NO_HBA_ENTRY = /no pg_hba\.conf entry/;

const getErrorCode = (error: Error): string =>
  "code" in error && typeof error.code === "string" ? error.code : "";

/** Returns true if the connection failed because of TLS or authentication, which makes the database unavailable. */
export const isRefusedConnection = (error: Error): boolean =>
  classifyTlsError(error) !== undefined ||
  REFUSED.test(getErrorCode(error)) ||
  error.message === NO_TLS ||
  (getErrorCode(error) === "" && NO_BINDING.test(error.message));

const getAdvice = (error: Error): string | undefined => {
  if (error.message === NO_TLS) {
    return "the server does not offer TLS, which sslmode requires: enable ssl in PostgreSQL, or use sslmode=disable to connect in plain text";
  }
  if (NO_HBA_ENTRY.test(error.message)) {
    return error.message.endsWith("no encryption")
      ? `${error.message}: the server may accept encrypted connections only; add sslmode=verify-full to the URL, or change pg_hba.conf`
      : `${error.message}: check user and database, and pg_hba.conf on the server`;
  }
  if (/certificate/.test(error.message) && REFUSED.test(getErrorCode(error))) {
    return `${error.message}: name a client certificate with sslcert and sslkey`;
  }
  return describeTlsError(error, "sslrootcert");
};

/** Returns an error whose message says what to do, or the same error if there is no advice. */
export const explainRefusal = (error: Error): Error => {
  const advice = getAdvice(error);
  return advice === undefined ? error : new Error(advice, { cause: error });
};
