import type { ReactNode } from "react";
import { Failure } from "../api/failure.ts";

/** Explains why a list is empty and what the user can do next. */
export const Empty = ({ title, children }: { readonly title: string; readonly children?: ReactNode }) => (
  <div className="empty">
    <p className="serif empty-title">{title}</p>
    {children}
  </div>
);

/** Shows an error, with its field errors and an optional retry button. */
export const Problem = ({
  error,
  onRetry,
}: {
  readonly error: unknown;
  readonly onRetry?: (() => void) | undefined;
}) => {
  const isFailure = error instanceof Failure;
  return (
    <div className="problem" role="alert">
      <strong>{isFailure ? error.title : "Something went wrong"}</strong>
      <p>{error instanceof Error ? error.message : String(error)}</p>
      {isFailure && error.errors.length > 0 && (
        <ul>
          {error.errors.map(({ pointer, detail }) => (
            <li key={pointer + detail}>
              {pointer !== "" && <code>{pointer}</code>} {detail}
            </li>
          ))}
        </ul>
      )}
      {onRetry !== undefined && (
        <button type="button" className="button button-small" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
};

/**
 * Shows that something is loading. CSS delays the text, so that nothing is shown if loading takes
 * only a moment.
 */
export const Loading = ({ what }: { readonly what: string }) => (
  <p className="loading" role="status">
    Loading {what}…
  </p>
);
