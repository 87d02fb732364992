import { isAbsolute } from "node:path";
import { type ConnectionOptions, checkServerIdentity, type SecureContext } from "node:tls";
import { createTlsContext, type NamedFile, type TlsFiles } from "../pem-files.ts";
import { SettingsError } from "../settings-error.ts";
import type { PostgresParameter } from "./postgres-parameters.ts";

/** The value of a parameter, and the parameter or variable that gave it. */
export interface ParameterValue {
  readonly value: string;
  readonly source: string;
  readonly isFromUrl: boolean;
}
export type ParameterValues = ReadonlyMap<PostgresParameter, ParameterValue>;

type SslMode = "disable" | "require" | "verify-ca" | "verify-full";

/** TLS as libpq's sslmode means it, in the form that pg hands to Node. */
export class PostgresTls implements ConnectionOptions {
  readonly secureContext: SecureContext;
  readonly rejectUnauthorized: boolean;
  readonly checkServerIdentity: NonNullable<ConnectionOptions["checkServerIdentity"]>;

  constructor(files: TlsFiles, checks: { readonly certificate: boolean; readonly name: string | undefined }) {
    const { certificate, name } = checks;
    this.secureContext = createTlsContext(files);
    this.rejectUnauthorized = certificate;
    // pg gives Node no name to check if the host is an address: Node would check "localhost".
    this.checkServerIdentity = (_, peer) =>
      name === undefined ? undefined : checkServerIdentity(name, peer);
  }

  /** MikroORM copies its options member by member; a copied context ends the process with a segmentation fault. */
  clone(): this {
    return this;
  }
}

const FILES = ["sslrootcert", "sslcert", "sslkey", "sslpassword"] as const;
const SYSTEM = "system";

const sslModeOf = (given: ParameterValues): SslMode => {
  const mode = given.get("sslmode");
  const jdbc = given.get("ssl");
  if (mode?.isFromUrl && jdbc !== undefined) throw new SettingsError("ssl and sslmode exclude each other");
  if (jdbc !== undefined) return "require";
  const value = mode?.value;
  if (value === "require" || value === "verify-ca" || value === "verify-full") return value;
  // libpq: the system's certificates are trusted only together with the server's name.
  if (value === undefined && given.get("sslrootcert")?.value === SYSTEM) return "verify-full";
  return "disable";
};

/** Without TLS nothing would come of these, so the one who wrote them expects something else. */
const requireNoTlsParameters = (given: ParameterValues): void => {
  const mode = given.get("sslmode");
  for (const name of [...FILES, "ssl_min_protocol_version", "ssl_max_protocol_version"] as const) {
    const one = given.get(name);
    // An explicit "disable" in the URL overrides what the environment has for other databases.
    if (one === undefined || (mode?.isFromUrl === true && !one.isFromUrl)) continue;
    throw new SettingsError(
      mode === undefined
        ? `${one.source} has no effect without sslmode: add sslmode=verify-full`
        : `${one.source} has no effect with sslmode=disable: remove one of them`,
    );
  }
  if (given.get("sslnegotiation")?.value === "direct") {
    throw new SettingsError(
      `${given.get("sslnegotiation")?.source}=direct needs sslmode=require, verify-ca or verify-full`,
    );
  }
  if (given.get("channel_binding")?.value === "require") {
    throw new SettingsError(
      `${given.get("channel_binding")?.source}=require needs sslmode=require, verify-ca or verify-full`,
    );
  }
};

const fileOf = (
  given: ParameterValues,
  name: "sslrootcert" | "sslcert" | "sslkey",
): NamedFile | undefined => {
  const one = given.get(name);
  return one === undefined ? undefined : { source: one.source, path: one.value };
};

const versionOf = (
  given: ParameterValues,
  name: "ssl_min_protocol_version" | "ssl_max_protocol_version",
): "TLSv1.2" | "TLSv1.3" | undefined => {
  const value = given.get(name)?.value;
  return value === "TLSv1.2" || value === "TLSv1.3" ? value : undefined;
};

/**
 * Makes pg's `ssl` from the parameters, with libpq's meanings: `require` encrypts, and verifies the certificate if a file
 * of trusted ones is named; `verify-ca` verifies it; `verify-full` the host's name or address as well. False means plain
 * text. A Unix socket has no TLS: nothing leaves the machine.
 */
export const createPostgresTls = (given: ParameterValues, host: string): PostgresTls | false => {
  if (isAbsolute(host)) return false;
  const mode = sslModeOf(given);
  if (mode === "disable") {
    requireNoTlsParameters(given);
    return false;
  }
  const root = fileOf(given, "sslrootcert");
  const isSystem = root?.path === SYSTEM;
  if (isSystem && mode !== "verify-full") {
    throw new SettingsError(
      `${root.source}=system needs sslmode=verify-full: any public certificate is trusted`,
    );
  }
  if (root === undefined && mode === "verify-ca") {
    throw new SettingsError(
      "sslmode=verify-ca needs sslrootcert, the file of the certificate authority; with a public one use sslmode=verify-full",
    );
  }
  const files = {
    ca: isSystem ? undefined : root,
    cert: fileOf(given, "sslcert"),
    key: fileOf(given, "sslkey"),
    passphrase: given.get("sslpassword")?.value,
    minVersion: versionOf(given, "ssl_min_protocol_version"),
    maxVersion: versionOf(given, "ssl_max_protocol_version"),
  };
  return new PostgresTls(files, {
    certificate: mode !== "require" || root !== undefined,
    name: mode === "verify-full" ? host : undefined,
  });
};
