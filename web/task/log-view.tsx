import { useLayoutEffect, useRef, useState } from "react";
import type { LogLine } from "../../protocol/index.ts";
import { clockTime } from "../design/duration.ts";

const SHOWN = 500;
/** Somebody who has scrolled up further reads, and is left there. */
const NEAR_END = 40;

const Line = ({ line, showsAttempt }: { readonly line: LogLine; readonly showsAttempt: boolean }) => (
  <div className={`log-line log-${line.level}`}>
    <time dateTime={line.at}>{clockTime(line.at)}</time>
    {showsAttempt && <span className="log-attempt">#{line.attempt}</span>}
    {line.level !== "info" && <span className="log-level">{line.level}</span>}
    <span className="log-text">{line.text}</span>
  </div>
);

/** What a worker says of a task, the last line in sight. */
export const LogView = ({ lines }: { readonly lines: readonly LogLine[] }) => {
  const box = useRef<HTMLElement>(null);
  const isAtEnd = useRef(true);
  const [shown, setShown] = useState(SHOWN);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines are what moves it
  useLayoutEffect(() => {
    if (box.current !== null && isAtEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines]);
  if (lines.length === 0) return <p className="quiet small">Nothing was logged.</p>;
  const showsAttempt = lines[0]?.attempt !== lines.at(-1)?.attempt;
  return (
    <section
      ref={box}
      className="log"
      role="log"
      aria-label="Log"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it by the arrow keys
      tabIndex={0}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END;
      }}
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
