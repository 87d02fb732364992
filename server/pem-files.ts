import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  createSecureContext,
  getCACertificates,
  type SecureContext,
  type SecureContextOptions,
} from "node:tls";
import { SettingsError } from "./settings-error.ts";

/** A file that a parameter names. */
export interface NamedFile {
  /** The parameter or variable, for messages. */
  readonly source: string;
  readonly path: string;
}

/** The files and limits that a URL names for TLS. */
export interface TlsFiles {
  /** Trusted certificates; without them, those that this machine and Node trust. */
  readonly ca?: NamedFile | undefined;
  readonly cert?: NamedFile | undefined;
  readonly key?: NamedFile | undefined;
  /** Decrypts the key. */
  readonly passphrase?: string | undefined;
  readonly minVersion?: SecureContextOptions["minVersion"];
  readonly maxVersion?: SecureContextOptions["maxVersion"];
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const readText = ({ source, path }: NamedFile): string => {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new SettingsError(`${source}: the file ${path} cannot be read (${reasonOf(error)})`);
  }
};

const readCertificates = (file: NamedFile): string => {
  const text = readText(file);
  try {
    // Node takes a file without a certificate for an empty list, and then trusts nobody.
    new X509Certificate(text);
    return text;
  } catch {
    throw new SettingsError(`${file.source}: the file ${file.path} holds no certificate in PEM format`);
  }
};

/** Node's own certificates and NODE_EXTRA_CA_CERTS first; a slim container has none of the system's. */
const readTrusted = (): string[] => [
  ...new Set([...getCACertificates("default"), ...getCACertificates("system")]),
];

const requirePair = ({ cert, key }: TlsFiles): void => {
  if (cert !== undefined && key === undefined) {
    throw new SettingsError(`${cert.source}: name the certificate's private key, too`);
  }
  if (key !== undefined && cert === undefined) {
    throw new SettingsError(`${key.source}: name the key's certificate, too`);
  }
};

/**
 * Reads the files once, for all connections: parsing the trusted certificates takes about 90 ms, and a context in place of
 * texts keeps the private key out of whatever prints options. Throws a SettingsError that names the parameter and the file.
 */
export const createTlsContext = (files: TlsFiles): SecureContext => {
  requirePair(files);
  const { ca, cert, key, passphrase, minVersion, maxVersion } = files;
  const options: SecureContextOptions = {
    ca: ca === undefined ? readTrusted() : readCertificates(ca),
    ...(cert !== undefined && { cert: readCertificates(cert) }),
    ...(key !== undefined && { key: readText(key) }),
    ...(passphrase !== undefined && { passphrase }),
    ...(minVersion !== undefined && { minVersion }),
    ...(maxVersion !== undefined && { maxVersion }),
  };
  try {
    return createSecureContext(options);
  } catch (error) {
    if (key === undefined) throw new SettingsError(`TLS: ${reasonOf(error)}`);
    throw new SettingsError(
      `${key.source}: the key in ${key.path} cannot be used (${reasonOf(error)}): it must be in PEM format, belong to the certificate, and its password must be right`,
    );
  }
};
