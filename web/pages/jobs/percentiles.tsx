import type { JobStats } from "../../../protocol/index.ts";
import { formatDuration } from "../../design/duration.ts";

/** Shows the median and the 95th percentile, or a dash if nothing was measured. */
export const Percentiles = ({
  values,
  label,
}: {
  readonly values: JobStats["run"];
  readonly label: string;
}) => (
  <span className="spread-figure">
    <span className="eyebrow">{label}</span>
    {values === null ? (
      <span className="quiet">
        <span aria-hidden="true">–</span>
        <span className="visually-hidden">no data yet</span>
      </span>
    ) : (
      <span className="figure">
        <abbr title={`50 % within ${formatDuration(values.p50)}`}>{formatDuration(values.p50)}</abbr>
        <abbr className="quiet small" title={`95 % within ${formatDuration(values.p95)}`}>
          {" "}
          p95 {formatDuration(values.p95)}
        </abbr>
      </span>
    )}
  </span>
);
