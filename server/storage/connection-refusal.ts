import { classifyTlsError, describeTlsError } from "../tls-errors.ts";

/** What pg throws, without a code, before the session begins. */
const NO_TLS = "The server does not support SSL connections";
const NO_BINDING = /channel binding|SCRAM-SHA-256-PLUS/;

/** SQLSTATE class 28: PostgreSQL refused who connects, or how. */
const REFUSED = /^28/;
const NO_HBA_ENTRY = /no pg_hba\.conf entry/;

const getErrorCode = (error: Error): string =>
  "code" in error && typeof error.code === "string" ? error.code : "";

/** True if no session could begin because of TLS or authentication: then the database is out of reach, whatever is asked of it. */
export const isRefusedConnection = (error: Error): boolean =>
  classifyTlsError(error) !== undefined ||
  REFUSED.test(getErrorCode(error)) ||
  error.message === NO_TLS ||
  (getErrorCode(error) === "" && NO_BINDING.test(error.message));

const adviceOf = (error: Error): string | undefined => {
  if (error.message === NO_TLS) {
    return "the server does not offer TLS, which sslmode asks for: enable ssl in PostgreSQL, or use sslmode=disable to connect in plain text";
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

/** Returns the error with a message that says what to do, if that is known; else the error as it is. */
export const explainRefusal = (error: Error): Error => {
  const advice = adviceOf(error);
  return advice === undefined ? error : new Error(advice, { cause: error });
};
