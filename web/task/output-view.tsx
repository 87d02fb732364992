import { useScrollToEnd } from "../design/use-scroll-to-end.ts";
import type { LiveOutput } from "../live/use-output-live.ts";

/**
 * Shows the output of a task: text unchanged, and other values as JSON. Scrolls to new parts while
 * the scroll position is near the end.
 */
export const OutputView = ({ output: { segments, isCut } }: { readonly output: LiveOutput }) => {
  const scroll = useScrollToEnd(segments);
  return (
    <section
      {...scroll}
      className="log output"
      aria-label="Output"
      aria-live="off"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys scroll it
      tabIndex={0}
    >
      {isCut && <p className="quiet">The beginning of the output is not shown.</p>}
      {segments.map(({ kind, text }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts are only appended
        <div key={index} className={kind === "text" ? "log-text" : "log-text output-value"}>
          {text}
        </div>
      ))}
    </section>
  );
};
