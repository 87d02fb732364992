import { type KeyboardEvent, type PointerEvent, useState } from "react";
import { getBarPath, getDotPath, getLinePath, roundUp } from "./plot-scale.ts";

/** A line, or a row of bars. */
export interface Series {
  readonly name: string;
  readonly kind: "line" | "bar";
  readonly tone: "accent" | "bad" | "quiet" | "good";
  readonly values: readonly (number | null)[];
}

export interface PlotProps {
  readonly title: string;
  readonly series: readonly Series[];
  /** The labels of the points, in order. */
  readonly labels: readonly string[];
  readonly format: (value: number) => string;
}

const WIDTH = 600;
const HEIGHT = 150;
const TOP = 8;

/** Plots numbers over time. The user can show single values with the pointer or the arrow keys. */
export const Plot = ({ title, series, labels, format }: PlotProps) => {
  const [at, setAt] = useState<number>();
  const count = labels.length;
  const bars = series.filter(({ kind }) => kind === "bar");
  const heights = labels.map((_, index) => bars.reduce((sum, { values }) => sum + (values[index] ?? 0), 0));
  const lines = series.filter(({ kind }) => kind === "line").flatMap(({ values }) => values);
  const top = roundUp(Math.max(0, ...heights, ...lines.map((value) => value ?? 0)));
  const step = WIDTH / Math.max(1, count);
  const x = (index: number) => (index + 0.5) * step;
  const y = (value: number) => HEIGHT - (value / top) * (HEIGHT - TOP);
  const point = ({ clientX, currentTarget }: PointerEvent) => {
    const { left, width } = currentTarget.getBoundingClientRect();
    setAt(Math.max(0, Math.min(count - 1, Math.floor(((clientX - left) / width) * count))));
  };
  const move = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    setAt(Math.max(0, Math.min(count - 1, (at ?? count) + by)));
  };
  const shown = at === undefined ? undefined : Math.min(at, count - 1);
  return (
    <figure className="plot">
      <figcaption className="plot-head">
        <h2 className="plot-title">{title}</h2>
        <ul className="plot-key small">
          {series.map(({ name, tone, kind, values }) => (
            <li key={name} className={`tone-${tone}`}>
              <i className={`key-${kind}`} aria-hidden="true" />
              {name}
              {shown !== undefined && (
                <b className="figure">{values[shown] == null ? "–" : format(values[shown])}</b>
              )}
            </li>
          ))}
        </ul>
      </figcaption>
      <div
        className="plot-box"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys show single values
        tabIndex={0}
        role="img"
        aria-label={`${title}. ${shown === undefined ? "Use the arrow keys to read single values." : describePoint(series, shown, labels[shown] ?? "", format)}`}
        onPointerMove={point}
        onPointerLeave={() => setAt(undefined)}
        onKeyDown={move}
        onBlur={() => setAt(undefined)}
      >
        <span className="plot-top small figure">{format(top)}</span>
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          <path
            className="plot-grid"
            d={`M0 ${y(top)}H${WIDTH}M0 ${y(top / 2)}H${WIDTH}M0 ${HEIGHT}H${WIDTH}`}
          />
          {shown !== undefined && (
            <rect className="plot-at" x={shown * step} y="0" width={step} height={HEIGHT} />
          )}
          {bars.map(({ name, tone, values }, order) => (
            <path
              key={name}
              className={`plot-bar tone-${tone}`}
              d={getBarPath(
                values,
                bars.slice(0, order).map((bar) => bar.values),
                { step, y },
              )}
            />
          ))}
          {series.map(
            ({ name, tone, kind, values }) =>
              kind === "line" && (
                <g key={name} className={`tone-${tone}`}>
                  <path className="plot-line" d={getLinePath(values, { x, y })} />
                  <path className="plot-dot" d={getDotPath(values, { x, y })} />
                </g>
              ),
          )}
        </svg>
        <div className="plot-ends small figure quiet">
          <span>{shown === undefined ? labels[0] : ""}</span>
          <span>{shown === undefined ? "" : labels[shown]}</span>
          <span>{shown === undefined ? labels.at(-1) : ""}</span>
        </div>
      </div>
    </figure>
  );
};

const describePoint = (
  series: readonly Series[],
  at: number,
  label: string,
  format: (value: number) => string,
): string =>
  `${label}: ${series.map(({ name, values }) => `${name} ${values[at] == null ? "no data" : format(values[at])}`).join(", ")}`;
