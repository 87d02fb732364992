import { type Measure, measureRows } from "./measures.ts";
import type { Verdict } from "./run-case.ts";

/** A figure's name and what it came to. */
export type FigureRow = readonly [name: string, value: string];

/** The sums that a run prints: what was done, what was broken on purpose, what came of it. */
export class Figures {
  readonly #faults = new Map<string, number>();
  readonly #violations = new Map<string, number>();
  readonly #measures: Measure[] = [];
  readonly #told: FigureRow[] = [];
  #operations = 0;
  #unknown = 0;
  #cases = 0;

  /** Adds one case; its history is not kept. */
  add({ history, violations, measures, told }: Verdict): void {
    this.#cases += 1;
    this.#told.push(...told);
    for (const measure of measures) this.#measures.push(measure);
    this.#operations += history.operations.length;
    for (const { outcome } of history.operations) if (outcome === "unknown") this.#unknown += 1;
    for (const { kind } of history.notes) count(this.#faults, kind);
    for (const { invariant } of violations) count(this.#violations, invariant);
  }

  rows(): FigureRow[] {
    const of = (invariant: string) => this.#violations.get(invariant) ?? 0;
    const kinds = [...this.#faults].sort(([, a], [, b]) => b - a).map(([kind, many]) => `${many} × ${kind}`);
    const histories = this.#cases === 1 ? "one history" : `${this.#cases} histories`;
    return [
      [`operations checked in ${histories}`, number(this.#operations)],
      ["of these, with an unknown outcome", number(this.#unknown)],
      ["faults injected", kinds.join(", ") || "none"],
      ["tasks lost", number(of("I1"))],
      ["tasks finished twice", number(of("I6"))],
      ["writes accepted without a lease", number(of("I4"))],
      ["tasks leased to two workers at once", number(of("I3"))],
      ...measureRows(this.#measures),
      ...this.#told,
    ];
  }

  lines(): string[] {
    return this.rows().map(([name, value]) => `${name}: ${value}`);
  }
}

const number = (value: number) => value.toLocaleString("en");
const count = (counts: Map<string, number>, name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
