/** A reason why joblib cannot use a database, and what to do about it. Each text is one line. */
export interface DatabaseFinding {
  /**
   * `read-only` includes a standby server. `migrations` means that joblib's tables are missing or
   * outdated.
   */
  readonly kind: "unsupported" | "privileges" | "read-only" | "migrations";
  readonly problem: string;
  readonly advice: string;
}

export class UnfitDatabase extends Error {
  override readonly name = "UnfitDatabase";
  readonly findings: readonly DatabaseFinding[];

  constructor(findings: readonly DatabaseFinding[]) {
    super(findings.map(describeFinding).join("; "));
    this.findings = findings;
  }
}

export const describeFinding = ({ problem, advice }: DatabaseFinding): string => `${problem}: ${advice}`;

export const requireFit = (findings: readonly DatabaseFinding[]): void => {
  if (findings.length > 0) throw new UnfitDatabase(findings);
};
