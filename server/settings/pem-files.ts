import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  createSecureContext,
  getCACertificates,
  type SecureContext,
  type SecureContextOptions,
} from "node:tls";
import { SettingsError } from "./settings-error.ts";

/** A parameter of a URL or an environment variable whose value is the path of a file. */
export interface FileParameter {
  /** Name of the parameter or variable, for error messages. */
  readonly source: string;
  readonly value: string;
}

export interface TlsFiles {
  /** Trusted authorities. Default: those that Node.js or this machine trusts. */
  readonly ca?: FileParameter | undefined;
  readonly cert?: FileParameter | undefined;
  readonly key?: FileParameter | undefined;
  /** Passphrase of the private key. */
  readonly passphrase?: string | undefined;
  readonly minVersion?: SecureContextOptions["minVersion"];
  readonly maxVersion?: SecureContextOptions["maxVersion"];
}

const getErrorMessage = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function readText({ source, value: path }: FileParameter): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new SettingsError(`${source}: the file ${path} cannot be read (${getErrorMessage(error)})`);
  }
}

function readCertificates(file: FileParameter): string {
  const text = readText(file);
  try {
    // Validates the file, because Node.js would treat a file without a certificate as an empty list
    // and trust no server.
    new X509Certificate(text);
    return text;
  } catch {
    throw new SettingsError(`${file.source}: the file ${file.value} contains no certificate in PEM format`);
  }
}

/**
 * Creates one TLS context for all connections, because parsing the trusted certificates takes about
 * 90 ms. Unlike TLS options, a context does not reveal the private key if it is printed. Throws a
 * `SettingsError` that names the parameter and the file.
 */
export function createTlsContext(files: TlsFiles): SecureContext {
  const { ca, cert, key, passphrase, minVersion, maxVersion } = files;
  if (cert && !key) throw new SettingsError(`${cert.source}: also set the private key of the certificate`);
  if (key && !cert) throw new SettingsError(`${key.source}: also set the certificate of the key`);
  // Small container images have no system certificates. The certificates in `default`, which come
  // from Node.js and NODE_EXTRA_CA_CERTS, are therefore trusted too.
  const trusted = () => [...new Set([...getCACertificates("default"), ...getCACertificates("system")])];
  const options: SecureContextOptions = {
    ca: ca === undefined ? trusted() : readCertificates(ca),
    ...(cert !== undefined && { cert: readCertificates(cert) }),
    ...(key !== undefined && { key: readText(key) }),
    ...(passphrase !== undefined && { passphrase }),
    ...(minVersion !== undefined && { minVersion }),
    ...(maxVersion !== undefined && { maxVersion }),
  };
  try {
    return createSecureContext(options);
  } catch (error) {
    if (key === undefined) throw new SettingsError(`TLS: ${getErrorMessage(error)}`);
    throw new SettingsError(
      `${key.source}: the key in ${key.value} cannot be used (${getErrorMessage(error)}). It must be in PEM format and belong to the certificate, and its passphrase must be correct`,
    );
  }
}
