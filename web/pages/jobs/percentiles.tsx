import type { JobStats } from "../../../protocol/index.ts";
import { formatDuration } from "../../design/duration.ts";

/** Shows the median and the 95th percentile, or a dash if nothing was measured. */
export const Percentiles = ({ of, what }: { readonly of: JobStats["run"]; readonly what: string }) => (
  <span className="spread-figure">
    <span className="eyebrow">{what}</span>
    {of === null ? (
      <span className="quiet">
        <span aria-hidden="true">–</span>
        <span className="visually-hidden">no data yet</span>
      </span>
    ) : (
      <span className="figure">
        <abbr title={`50 % within ${formatDuration(of.p50)}`}>{formatDuration(of.p50)}</abbr>
        <abbr className="quiet small" title={`95 % within ${formatDuration(of.p95)}`}>
          {" "}
          p95 {formatDuration(of.p95)}
        </abbr>
      </span>
    )}
  </span>
);
