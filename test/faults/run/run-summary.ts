import { type Measure, toMeasureRows } from "./measures.ts";
import type { CaseResult } from "./run-case.ts";

/** A row of the summary: the name of a result and its value. */
export type SummaryRow = readonly [name: string, value: string];

/** Sums up a run: operations, injected faults, violations and times. */
export class RunSummary {
  readonly #faults = new Map<string, number>();
  readonly #violations = new Map<string, number>();
  readonly #measures: Measure[] = [];
  readonly #rows: SummaryRow[] = [];
  #operations = 0;
  #unknown = 0;
  #cases = 0;

  /** Adds the result of one case. Does not keep the case's history, which may be large. */
  add({ history, violations, measures, rows }: CaseResult): void {
    this.#cases += 1;
    this.#rows.push(...rows);
    for (const measure of measures) this.#measures.push(measure);
    this.#operations += history.operations.length;
    for (const { outcome } of history.operations) if (outcome === "unknown") this.#unknown += 1;
    for (const { kind } of history.notes) increment(this.#faults, kind);
    for (const { invariant } of violations) increment(this.#violations, invariant);
  }

  rows(): SummaryRow[] {
    const countViolations = (invariant: string) => this.#violations.get(invariant) ?? 0;
    const kinds = [...this.#faults].sort(([, a], [, b]) => b - a).map(([kind, many]) => `${many} × ${kind}`);
    const histories = this.#cases === 1 ? "one history" : `${this.#cases} histories`;
    return [
      [`operations checked in ${histories}`, formatNumber(this.#operations)],
      ["of these, with an unknown outcome", formatNumber(this.#unknown)],
      ["faults injected", kinds.join(", ") || "none"],
      ["tasks lost", formatNumber(countViolations("I1"))],
      ["tasks finished twice", formatNumber(countViolations("I6"))],
      ["writes accepted without a lease", formatNumber(countViolations("I4"))],
      ["tasks leased to two workers at once", formatNumber(countViolations("I3"))],
      ...toMeasureRows(this.#measures),
      ...this.#rows,
    ];
  }

  lines(): string[] {
    return this.rows().map(([name, value]) => `${name}: ${value}`);
  }
}

const formatNumber = (value: number) => value.toLocaleString("en");
const increment = (counts: Map<string, number>, name: string) =>
  counts.set(name, (counts.get(name) ?? 0) + 1);
