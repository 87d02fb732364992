import { Histogram, type LabelValues, type Registry } from "prom-client";

interface Described<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly buckets: readonly number[];
  readonly labelNames: readonly Label[];
  /** What a key stands for. */
  readonly labelsOf: (key: string) => LabelValues<Label>;
}

interface Noted {
  /** Between each bound and the one before; the last is of those beyond all. */
  readonly counts: number[];
  sum: number;
}

/** A histogram that keeps plain numbers until it is scraped, for prom-client takes a microsecond to note one. */
export class FastHistogram<Label extends string> extends Histogram<Label> {
  readonly #described: Described<Label>;
  /** Tells a scrape what this is, and nothing else. */
  readonly #empty: Histogram<Label>;
  readonly #noted = new Map<string, Noted>();

  constructor(registry: Registry, described: Described<Label>) {
    const { name, help, labelNames } = described;
    const configuration = { name, help, labelNames, buckets: [...described.buckets] };
    super({ ...configuration, registers: [registry] });
    this.#empty = new Histogram({ ...configuration, registers: [] });
    this.#described = described;
  }

  /** One more, under the labels that the key stands for. */
  note(key: string, seconds: number): void {
    const { buckets } = this.#described;
    let noted = this.#noted.get(key);
    if (noted === undefined) {
      noted = { counts: Array.from({ length: buckets.length + 1 }, () => 0), sum: 0 };
      this.#noted.set(key, noted);
    }
    let place = 0;
    for (const bound of buckets) {
      if (seconds <= bound) break;
      place += 1;
    }
    noted.counts[place] = (noted.counts[place] ?? 0) + 1;
    noted.sum += seconds;
  }

  override async get(): ReturnType<Histogram<Label>["get"]> {
    const values = [...this.#noted].flatMap(([key, noted]) => this.#valuesOf(key, noted));
    return { ...(await this.#empty.get()), values };
  }

  /** What a scrape asks for. */
  getForPromString(): ReturnType<Histogram<Label>["get"]> {
    return this.get();
  }

  #valuesOf(key: string, { counts, sum }: Noted) {
    const { name, buckets, labelsOf } = this.#described;
    const labels = labelsOf(key);
    let total = 0;
    const cumulated = counts.map((count, place) => {
      total += count;
      return {
        labels: { le: buckets[place] ?? "+Inf", ...labels },
        value: total,
        metricName: `${name}_bucket`,
      };
    });
    return [
      ...cumulated,
      { labels, value: sum, metricName: `${name}_sum` },
      { labels, value: total, metricName: `${name}_count` },
    ];
  }
}
