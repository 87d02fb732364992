import type { Stats } from "../../../protocol/index.ts";
import { formatDuration } from "../../design/duration.ts";
import { Plot } from "../../design/plot.tsx";

const TIME_FORMAT = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

const formatCount = (value: number) => (value >= 1000 ? `${(value / 1000).toFixed(1)} k` : String(value));

/** Plots the stats of a room's tasks over the last hours. */
export const Plots = ({ stats: { series, step_seconds } }: { readonly stats: Stats }) => {
  const labels = series.map(({ at }) => TIME_FORMAT.format(new Date(at)));
  const every = step_seconds === 60 ? "minute" : formatDuration(step_seconds);
  return (
    <div className="plots">
      <Plot
        title={`Tasks per ${every}`}
        labels={labels}
        format={formatCount}
        series={[
          { name: "completed", kind: "bar", tone: "accent", values: series.map((point) => point.completed) },
          { name: "failed", kind: "bar", tone: "bad", values: series.map((point) => point.failed) },
          { name: "submitted", kind: "line", tone: "quiet", values: series.map((point) => point.submitted) },
        ]}
      />
      <Plot
        title="Median wait and run time"
        labels={labels}
        format={formatDuration}
        series={[
          { name: "wait", kind: "line", tone: "quiet", values: series.map((point) => point.wait_p50) },
          { name: "run", kind: "line", tone: "accent", values: series.map((point) => point.run_p50) },
        ]}
      />
    </div>
  );
};
