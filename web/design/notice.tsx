import type { ReactNode } from "react";
import { Failure } from "../api/failure.ts";

/** A place where there is nothing yet, with what to do about it. */
export const Empty = ({ title, children }: { readonly title: string; readonly children?: ReactNode }) => (
  <div className="empty">
    <p className="serif empty-title">{title}</p>
    {children}
  </div>
);

/** Why something did not go. */
export const Problem = ({
  error,
  onAgain,
}: {
  readonly error: unknown;
  readonly onAgain?: (() => void) | undefined;
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
      {onAgain !== undefined && (
        <button type="button" className="button button-small" onClick={onAgain}>
          Try again
        </button>
      )}
    </div>
  );
};

/** What is read is not there yet: shown only when it takes long enough to be noticed. */
export const Loading = ({ what }: { readonly what: string }) => (
  <p className="loading" role="status">
    Reading {what}…
  </p>
);
