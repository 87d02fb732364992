import { useNow } from "./clock.ts";
import { formatAge, formatDateTime, formatDuration, getSecondsBetween } from "./duration.ts";

/**
 * Shows how long ago an instant was, and updates the text. A future instant is shown as, for
 * example, “in 5 min”.
 */
export const Ago = ({ at }: { readonly at: string }) => {
  const seconds = getSecondsBetween(at, useNow());
  const text =
    seconds < -1 ? `in ${formatDuration(-seconds)}` : seconds < 1 ? "just now" : `${formatAge(seconds)} ago`;
  return (
    <time dateTime={at} title={formatDateTime(at)} className="nowrap">
      {text}
    </time>
  );
};

/** Shows the duration since an instant, and updates the text. */
export const Elapsed = ({ since }: { readonly since: string }) => (
  <time dateTime={since} title={`since ${formatDateTime(since)}`} className="nowrap">
    {formatDuration(Math.max(0, Math.floor(getSecondsBetween(since, useNow()))))}
  </time>
);
