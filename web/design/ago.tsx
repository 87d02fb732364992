import { useNow } from "./clock.ts";
import { age, dateTime, duration, secondsBetween } from "./duration.ts";

/** How long ago something was, growing as one looks; what lies ahead is told as such. */
export const Ago = ({ at }: { readonly at: string }) => {
  const seconds = secondsBetween(at, useNow());
  const text = seconds < -1 ? `in ${duration(-seconds)}` : seconds < 1 ? "just now" : `${age(seconds)} ago`;
  return (
    <time dateTime={at} title={dateTime(at)} className="nowrap">
      {text}
    </time>
  );
};

/** How long something has been going on, growing as one looks. */
export const Lasting = ({ since }: { readonly since: string }) => (
  <time dateTime={since} title={`since ${dateTime(since)}`} className="nowrap">
    {duration(Math.max(0, Math.floor(secondsBetween(since, useNow()))))}
  </time>
);
