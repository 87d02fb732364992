import { type Evidence, operationsOf, stepsByTask, TERMINAL, timeOf } from "../checker/evidence.ts";
import { holdsOf } from "../checker/holds-of.ts";

/** How long something took, in milliseconds; runs tell of the median and the worst. */
export interface Measure {
  readonly what: string;
  readonly ms: number;
}

const letGo = (evidence: Evidence): Measure[] => {
  if (!evidence.audited) return [];
  const holds = Map.groupBy(holdsOf(evidence), ({ worker }) => worker);
  return evidence.history.notes.flatMap(({ note, worker = "", t, kind }) =>
    note === "gone"
      ? (holds.get(worker) ?? [])
          .filter(({ from, until }) => from <= t && until > t && Number.isFinite(until))
          .map(({ until }) => ({ what: `${kind} → its task requeued or failed`, ms: until - t }))
      : [],
  );
};

const told = (evidence: Evidence): Measure[] => {
  const ends = new Map<string, number>();
  for (const [task, steps] of stepsByTask(evidence)) {
    const last = steps.findLast(({ to_status: to }) => to !== null && TERMINAL.includes(to));
    if (last !== undefined) ends.set(task, timeOf(evidence, last));
  }
  return operationsOf(evidence, ["await"]).flatMap(({ asked: { task = "", when }, begin, end, answered }) => {
    const at = ends.get(task);
    const isEnd = TERMINAL.includes(answered.tasks?.[0]?.status ?? "");
    if (at === undefined || when === undefined || !isEnd) return [];
    return [
      {
        what: `task finished → waiting client notified, ${when}`,
        ms: Math.max(0, end - Math.max(begin, at)),
      },
    ];
  });
};

/** What the evidence of a case shows of its times. */
export const measuresOf = (evidence: Evidence): Measure[] => [...letGo(evidence), ...told(evidence)];

/** A row for each kind of measure. */
export const measureRows = (measures: readonly Measure[]): [name: string, value: string][] =>
  [...Map.groupBy(measures, ({ what }) => what)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([what, all]) => {
      const sorted = all.map(({ ms }) => ms).sort((a, b) => a - b);
      const at = (part: number) =>
        Math.round(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0);
      return [what, `median ${at(0.5)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms, of ${all.length}`];
    });
