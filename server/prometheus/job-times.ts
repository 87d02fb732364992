import { Histogram, type Registry } from "prom-client";

interface Named {
  readonly name: string;
  readonly help: string;
  readonly buckets: readonly number[];
}

interface Times {
  /** Between each bound and the one before; the last is of those beyond all. */
  readonly counts: number[];
  sum: number;
}

/** A histogram by job; plain numbers until it is scraped, for prom-client takes a microsecond to note one. */
export class JobTimes extends Histogram<"job_name"> {
  readonly #empty: Histogram<"job_name">;
  readonly #bounds: readonly number[];
  readonly #times = new Map<string, Times>();

  constructor(registry: Registry, named: Named) {
    const configuration = { ...named, buckets: [...named.buckets], labelNames: ["job_name"] as const };
    super({ ...configuration, registers: [registry] });
    this.#empty = new Histogram({ ...configuration, registers: [] });
    this.#bounds = named.buckets;
  }

  note(jobName: string, seconds: number): void {
    let times = this.#times.get(jobName);
    if (times === undefined) {
      times = { counts: Array.from({ length: this.#bounds.length + 1 }, () => 0), sum: 0 };
      this.#times.set(jobName, times);
    }
    let place = 0;
    for (const bound of this.#bounds) {
      if (seconds <= bound) break;
      place += 1;
    }
    times.counts[place] = (times.counts[place] ?? 0) + 1;
    times.sum += seconds;
  }

  override async get(): ReturnType<Histogram<"job_name">["get"]> {
    const shown = await this.#empty.get();
    const values = [...this.#times].flatMap(([job_name, times]) =>
      this.#valuesOf(shown.name, job_name, times),
    );
    return { ...shown, values };
  }

  /** What a scrape asks for. */
  getForPromString(): ReturnType<Histogram<"job_name">["get"]> {
    return this.get();
  }

  #valuesOf(name: string, job_name: string, { counts, sum }: Times) {
    let total = 0;
    const buckets = counts.map((count, place) => {
      total += count;
      const le = this.#bounds[place] ?? "+Inf";
      return { labels: { le, job_name }, value: total, metricName: `${name}_bucket` };
    });
    const labels = { job_name };
    return [
      ...buckets,
      { labels, value: sum, metricName: `${name}_sum` },
      { labels, value: total, metricName: `${name}_count` },
    ];
  }
}
