import { type Measure, measureLines } from "./measures.ts";
import type { Verdict } from "./run-case.ts";

/** The sums that a run prints: what was done, what was broken on purpose, what came of it. */
export class Figures {
  readonly #faults = new Map<string, number>();
  readonly #violations = new Map<string, number>();
  readonly #measures: Measure[] = [];
  readonly #told: string[] = [];
  #operations = 0;
  #unknown = 0;

  /** Adds one case; its history is not kept. */
  add({ history, violations, measures, lines }: Verdict): void {
    this.#told.push(...lines);
    for (const measure of measures) this.#measures.push(measure);
    this.#operations += history.operations.length;
    this.#unknown += history.operations.filter(({ outcome }) => outcome === "unknown").length;
    for (const { kind } of history.notes) count(this.#faults, kind);
    for (const { invariant } of violations) count(this.#violations, invariant);
  }

  lines(): string[] {
    const of = (invariant: string) => this.#violations.get(invariant) ?? 0;
    const kinds = [...this.#faults].sort(([, a], [, b]) => b - a).map(([kind, many]) => `${many} ${kind}`);
    return [
      `${this.#operations} operations checked, ${this.#unknown} of them without a known outcome`,
      `faults: ${kinds.join(", ") || "none"}`,
      ...measureLines(this.#measures),
      ...this.#told,
      `lost ${of("I1")}, twice finished ${of("I6")}, fence breaches ${of("I4")}, double holds ${of("I3")}`,
    ];
  }
}

const count = (counts: Map<string, number>, name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
