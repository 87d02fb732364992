import type { FieldError } from "../../protocol/problem.ts";

const SHOWN = 20;

/** What the summary is made from. */
export interface ErrorSummaryProps {
  readonly faults: readonly FieldError[];
  readonly onChoose: (pointer: string) => void;
}

/** All that is wrong, so that nothing is lost for which the form has no field; each leads to its place. */
export const ErrorSummary = ({ faults, onChoose }: ErrorSummaryProps) => {
  if (faults.length === 0) return null;
  const rest = faults.length - SHOWN;
  return (
    <div className="jf-summary" part="summary" role="alert">
      <p>{faults.length === 1 ? "One thing does not fit:" : `${faults.length} things do not fit:`}</p>
      <ul>
        {faults.slice(0, SHOWN).map(({ pointer, detail }) => (
          <li key={`${pointer}\n${detail}`}>
            <button type="button" className="jf-link" onClick={() => onChoose(pointer)}>
              {pointer !== "" && <code>{pointer}</code>} {detail}
            </button>
          </li>
        ))}
        {rest > 0 && <li>and {rest} more</li>}
      </ul>
    </div>
  );
};
