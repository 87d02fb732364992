import type { JobStats } from "../../../protocol/index.ts";
import { duration } from "../../design/duration.ts";

/** The middle and the slow end of what was measured, or a dash where nothing was. */
export const Spread = ({ of, what }: { readonly of: JobStats["run"]; readonly what: string }) => (
  <span className="spread-figure">
    <span className="eyebrow">{what}</span>
    {of === null ? (
      <span className="quiet">
        <span aria-hidden="true">–</span>
        <span className="visually-hidden">not measured yet</span>
      </span>
    ) : (
      <span className="figure">
        <abbr title={`half of them within ${duration(of.p50)}`}>{duration(of.p50)}</abbr>
        <abbr className="quiet small" title={`95 in 100 within ${duration(of.p95)}`}>
          {" "}
          p95 {duration(of.p95)}
        </abbr>
      </span>
    )}
  </span>
);
