import type { FieldError } from "../../../protocol/problem.ts";

const MAX_SHOWN = 20;

export interface ErrorSummaryProps {
  readonly errors: readonly FieldError[];
  /** Called with the JSON Pointer of the error that the user selects. */
  readonly onSelect: (pointer: string) => void;
}

/**
 * Lists all validation errors, including errors of values without a field. Each error links to the
 * nearest field.
 */
export const ErrorSummary = ({ errors, onSelect }: ErrorSummaryProps) => {
  if (errors.length === 0) return null;
  const hidden = errors.length - MAX_SHOWN;
  return (
    <div className="jf-summary" part="summary" role="alert">
      <p>{errors.length === 1 ? "Fix 1 error:" : `Fix ${errors.length} errors:`}</p>
      <ul>
        {errors.slice(0, MAX_SHOWN).map(({ pointer, detail }) => (
          <li key={`${pointer}\n${detail}`}>
            <button type="button" className="jf-link" onClick={() => onSelect(pointer)}>
              {pointer !== "" && <code>{pointer}</code>} {detail}
            </button>
          </li>
        ))}
        {hidden > 0 && <li>and {hidden} more</li>}
      </ul>
    </div>
  );
};
