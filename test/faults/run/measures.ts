import {
  type Evidence,
  getStepsByTask,
  selectOperations,
  TERMINAL,
  toHistoryTime,
} from "../checker/evidence.ts";
import { findLeases } from "../checker/lease-spans.ts";

/** A measured duration in milliseconds. */
export interface Measure {
  readonly what: string;
  readonly ms: number;
}

const measureRequeues = (evidence: Evidence): Measure[] => {
  if (!evidence.audited) return [];
  const leases = Map.groupBy(findLeases(evidence), ({ worker }) => worker);
  return evidence.history.notes.flatMap(({ note, worker = "", t, kind }) =>
    note === "gone"
      ? (leases.get(worker) ?? [])
          .filter(({ from, until }) => from <= t && until > t && Number.isFinite(until))
          .map(({ until }) => ({ what: `${kind} → its task requeued or failed`, ms: until - t }))
      : [],
  );
};

const measureNotifications = (evidence: Evidence): Measure[] => {
  const ends = new Map<string, number>();
  for (const [task, steps] of getStepsByTask(evidence)) {
    const last = steps.findLast(({ to_status: to }) => to !== null && TERMINAL.includes(to));
    if (last !== undefined) ends.set(task, toHistoryTime(evidence, last));
  }
  return selectOperations(evidence, ["await"]).flatMap(
    ({ input: { task = "", condition }, begin, end, output }) => {
      const at = ends.get(task);
      const isEnd = TERMINAL.includes(output.tasks?.[0]?.status ?? "");
      if (at === undefined || condition === undefined || !isEnd) return [];
      return [
        {
          what: `task finished → waiting client notified, ${condition}`,
          ms: Math.max(0, end - Math.max(begin, at)),
        },
      ];
    },
  );
};

/** Computes how long the requeues and notifications of a case took. */
export const computeMeasures = (evidence: Evidence): Measure[] => [
  ...measureRequeues(evidence),
  ...measureNotifications(evidence),
];

/** Returns a row with median, 99th percentile and maximum for each kind of duration. */
export const toMeasureRows = (measures: readonly Measure[]): [name: string, value: string][] =>
  [...Map.groupBy(measures, ({ what }) => what)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([what, all]) => {
      const sorted = all.map(({ ms }) => ms).sort((a, b) => a - b);
      const getPercentile = (fraction: number) =>
        Math.round(sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))] ?? 0);
      const count = `${all.length} ${all.length === 1 ? "measurement" : "measurements"}`;
      return [
        what,
        `median ${getPercentile(0.5)} ms, p99 ${getPercentile(0.99)} ms, maximum ${getPercentile(1)} ms, ${count}`,
      ];
    });
