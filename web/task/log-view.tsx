import { useState } from "react";
import type { LogLine } from "../../protocol/index.ts";
import { formatTime } from "../design/duration.ts";
import { useScrollToEnd } from "../design/use-scroll-to-end.ts";

const INITIAL_LINES = 500;

const Line = ({ line, showsAttempt }: { readonly line: LogLine; readonly showsAttempt: boolean }) => (
  <div className={`log-line log-${line.level}`}>
    <time dateTime={line.at}>{formatTime(line.at)}</time>
    {showsAttempt && <span className="log-attempt">#{line.attempt}</span>}
    {line.level !== "info" && <span className="log-level">{line.level}</span>}
    <span className="log-text">{line.text}</span>
  </div>
);

/** Shows a task's log. Scrolls to new lines while the scroll position is near the end. */
export const LogView = ({ lines }: { readonly lines: readonly LogLine[] }) => {
  const scroll = useScrollToEnd(lines);
  const [shown, setShown] = useState(INITIAL_LINES);
  if (lines.length === 0) return <p className="quiet small">No log lines.</p>;
  const showsAttempt = lines[0]?.attempt !== lines.at(-1)?.attempt;
  return (
    <section
      {...scroll}
      className="log"
      role="log"
      aria-label="Log"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys scroll it
      tabIndex={0}
    >
      {lines.length > shown && (
        <button type="button" className="button button-small" onClick={() => setShown(lines.length)}>
          {lines.length - shown} earlier lines
        </button>
      )}
      {lines.slice(-shown).map((line) => (
        <Line key={`${line.attempt}.${line.number}`} line={line} showsAttempt={showsAttempt} />
      ))}
    </section>
  );
};
