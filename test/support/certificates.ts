import { spawnSync } from "node:child_process";
import { chownSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findPrograms } from "./programs.ts";
import { createServerDirectory } from "./server-directory.ts";

/** The paths of a certificate and its private key. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate authority for one test. Disposing it removes its files. */
export interface CertificateAuthority {
  /** The path of the authority's certificate, which clients must trust. */
  readonly file: string;
  /**
   * Issues a certificate. Only the user that runs the PostgreSQL server can read the private key,
   * because PostgreSQL refuses to start otherwise.
   */
  issue(subject: CertificateSubject): Certificate;
  [Symbol.dispose](): void;
}

export interface CertificateSubject {
  readonly commonName: string;
  /** Subject alternative names, for example `DNS:localhost` or `IP:127.0.0.1`. */
  readonly alternativeNames?: readonly string[];
  /** If set, the private key is encrypted with this passphrase. */
  readonly passphrase?: string;
  /**
   * Days until the certificate expires. With a negative number, the certificate has already
   * expired.
   */
  readonly days?: number;
}

const programs = {
  names: ["openssl"],
  aptPackage: "openssl",
  directories: () => ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"],
};

/**
 * Creates a certificate authority with the openssl program, because Node.js cannot create
 * certificates.
 */
export function createAuthority(name = "joblib test CA"): CertificateAuthority {
  const openssl = join(findPrograms(programs), "openssl");
  const { path: directory, user, remove } = createServerDirectory("certificates");
  const path = (file: string) => join(directory, file);
  const run = (args: readonly string[]) => {
    const { status, stderr } = spawnSync(openssl, args, { encoding: "utf8", cwd: directory });
    if (status !== 0) throw new Error(`openssl ${args.join(" ")} failed:\n${stderr}`);
  };
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  run([
    ...["req", "-x509", "-nodes", ...newKey, "-keyout", "ca.key", "-out", "ca.crt", "-subj", `/CN=${name}`],
    ...["-days", "2", "-addext", "basicConstraints=critical,CA:TRUE"],
  ]);
  let count = 0;

  return {
    file: path("ca.crt"),
    issue({ commonName, alternativeNames = [], passphrase, days = 2 }) {
      count += 1;
      const key = `${count}.key`;
      const request = `${count}.csr`;
      const certificate = `${count}.crt`;
      const extensions = `${count}.ext`;
      const protect = passphrase === undefined ? ["-nodes"] : ["-passout", `pass:${passphrase}`];
      run(["req", ...newKey, ...protect, "-keyout", key, "-out", request, "-subj", `/CN=${commonName}`]);
      const names = alternativeNames.length === 0 ? "" : `subjectAltName=${alternativeNames.join(",")}\n`;
      writeFileSync(path(extensions), `basicConstraints=CA:FALSE\n${names}`);
      run([
        ...["x509", "-req", "-in", request, "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"],
        ...["-days", String(days), "-extfile", extensions, "-out", certificate],
      ]);
      if (user !== undefined) chownSync(path(key), user.uid, user.gid);
      return { certificate: path(certificate), key: path(key) };
    },
    [Symbol.dispose]: remove,
  };
}
