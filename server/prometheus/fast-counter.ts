import { Counter, type Registry } from "prom-client";

interface Named {
  readonly name: string;
  readonly help: string;
}

/** A counter; a plain number until it is scraped, for prom-client takes half a microsecond to count one. */
export const createCounter = (registry: Registry, named: Named): ((count: number) => void) => {
  let total = 0;
  new Counter({
    ...named,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(total);
    },
  });
  return (count) => {
    total += count;
  };
};

/** One for each value of a label; all of them are shown from the start, for a rate needs the 0 before the first. */
export const createLabeledCounter = <Value extends string>(
  registry: Registry,
  named: Named,
  { name, values }: { readonly name: string; readonly values: readonly Value[] },
): ((value: Value, count: number) => void) => {
  const totals = new Map<string, number>(values.map((value) => [value, 0]));
  new Counter({
    ...named,
    labelNames: [name],
    registers: [registry],
    collect() {
      this.reset();
      for (const [value, total] of totals) this.inc({ [name]: value }, total);
    },
  });
  return (value, count) => {
    totals.set(value, (totals.get(value) ?? 0) + count);
  };
};
