import { isAbsolute } from "node:path";
import { type ConnectionOptions, checkServerIdentity, type SecureContext } from "node:tls";
import { SettingsError } from "../../settings-error.ts";
import { createTlsContext, type NamedFile, type TlsFiles } from "../../tls/pem-files.ts";
import type { PostgresParameter } from "./postgres-parameters.ts";

/** The value of a parameter, and the name of the parameter or variable that has set it. */
export interface ParameterValue {
  readonly value: string;
  readonly source: string;
  readonly isFromUrl: boolean;
}
export type ParameterValues = ReadonlyMap<PostgresParameter, ParameterValue>;

type SslMode = "disable" | "require" | "verify-ca" | "verify-full";

/** TLS options with the meaning of libpq's sslmode, in the form that pg passes to Node.js. */
export class PostgresTls implements ConnectionOptions {
  readonly secureContext: SecureContext;
  readonly rejectUnauthorized: boolean;
  readonly checkServerIdentity: NonNullable<ConnectionOptions["checkServerIdentity"]>;

  constructor(files: TlsFiles, checks: { readonly certificate: boolean; readonly name: string | undefined }) {
    const { certificate, name } = checks;
    this.secureContext = createTlsContext(files);
    this.rejectUnauthorized = certificate;
    // If the host is an IP address, pg passes no name to Node.js, which would then check the name
    // "localhost".
    this.checkServerIdentity = (_, peer) =>
      name === undefined ? undefined : checkServerIdentity(name, peer);
  }

  /** Prevents MikroORM from copying the options member by member: a copied context crashes the process. */
  clone(): this {
    return this;
  }
}

const FILES = ["sslrootcert", "sslcert", "sslkey", "sslpassword"] as const;
const SYSTEM = "system";

const getSslMode = (parameters: ParameterValues): SslMode => {
  const mode = parameters.get("sslmode");
  const jdbc = parameters.get("ssl");
  if (mode?.isFromUrl && jdbc !== undefined) throw new SettingsError("ssl and sslmode exclude each other");
  if (jdbc !== undefined) return "require";
  const value = mode?.value;
  if (value === "require" || value === "verify-ca" || value === "verify-full") return value;
  // As in libpq, the name of the server must be verified if the system's certificates are trusted.
  if (value === undefined && parameters.get("sslrootcert")?.value === SYSTEM) return "verify-full";
  return "disable";
};

/**
 * Throws if there are TLS parameters although TLS is off. They would have no effect, which the user does not
 * expect.
 */
const requireNoTlsParameters = (parameters: ParameterValues): void => {
  const mode = parameters.get("sslmode");
  for (const name of [...FILES, "ssl_min_protocol_version", "ssl_max_protocol_version"] as const) {
    const parameter = parameters.get(name);
    // An explicit "disable" in the URL overrides the environment, which may be for other databases.
    if (parameter === undefined || (mode?.isFromUrl === true && !parameter.isFromUrl)) continue;
    throw new SettingsError(
      mode === undefined
        ? `${parameter.source} has no effect without sslmode: add sslmode=verify-full`
        : `${parameter.source} has no effect with sslmode=disable: remove one of them`,
    );
  }
  if (parameters.get("sslnegotiation")?.value === "direct") {
    throw new SettingsError(
      `${parameters.get("sslnegotiation")?.source}=direct needs sslmode=require, verify-ca or verify-full`,
    );
  }
  if (parameters.get("channel_binding")?.value === "require") {
    throw new SettingsError(
      `${parameters.get("channel_binding")?.source}=require needs sslmode=require, verify-ca or verify-full`,
    );
  }
};

const getFile = (
  parameters: ParameterValues,
  name: "sslrootcert" | "sslcert" | "sslkey",
): NamedFile | undefined => {
  const parameter = parameters.get(name);
  return parameter === undefined ? undefined : { source: parameter.source, path: parameter.value };
};

const getVersion = (
  parameters: ParameterValues,
  name: "ssl_min_protocol_version" | "ssl_max_protocol_version",
): "TLSv1.2" | "TLSv1.3" | undefined => {
  const value = parameters.get(name)?.value;
  return value === "TLSv1.2" || value === "TLSv1.3" ? value : undefined;
};

/**
 * Creates pg's `ssl` option with the meaning of libpq's parameters: `require` encrypts, and verifies the
 * certificate if there is a file of trusted certificates; `verify-ca` verifies the certificate; `verify-full`
 * also verifies the host's name or address. Returns false for plain text. A Unix socket has no TLS, because
 * the data does not leave the machine.
 */
export const createPostgresTls = (parameters: ParameterValues, host: string): PostgresTls | false => {
  if (isAbsolute(host)) return false;
  const mode = getSslMode(parameters);
  if (mode === "disable") {
    requireNoTlsParameters(parameters);
    return false;
  }
  const root = getFile(parameters, "sslrootcert");
  const isSystem = root?.path === SYSTEM;
  if (isSystem && mode !== "verify-full") {
    throw new SettingsError(
      `${root.source}=system needs sslmode=verify-full, because any public certificate is trusted`,
    );
  }
  if (root === undefined && mode === "verify-ca") {
    throw new SettingsError(
      "sslmode=verify-ca needs sslrootcert, the file of the certificate authority; for a public authority, use sslmode=verify-full",
    );
  }
  const files = {
    ca: isSystem ? undefined : root,
    cert: getFile(parameters, "sslcert"),
    key: getFile(parameters, "sslkey"),
    passphrase: parameters.get("sslpassword")?.value,
    minVersion: getVersion(parameters, "ssl_min_protocol_version"),
    maxVersion: getVersion(parameters, "ssl_max_protocol_version"),
  };
  return new PostgresTls(files, {
    certificate: mode !== "require" || root !== undefined,
    name: mode === "verify-full" ? host : undefined,
  });
};
