import { useId } from "react";
import type { FieldError, TaskDefaults } from "../../../protocol/index.ts";
import { faultOf, OPTION_TEXTS, type OptionName, placeholderOf, type TypedOptions } from "./task-options.ts";

const NAMES = Object.keys(OPTION_TEXTS) as OptionName[];

/** How the task is to be run, folded away: most submits leave it as it is. */
export const OptionsFold = ({
  typed,
  defaults,
  errors,
  onChange,
}: {
  readonly typed: TypedOptions;
  readonly defaults: TaskDefaults;
  readonly errors: readonly FieldError[];
  readonly onChange: (typed: TypedOptions) => void;
}) => {
  const id = useId();
  const count = NAMES.filter((name) => typed[name] !== "").length;
  const hasFault = NAMES.some((name) => faultOf(name, errors) !== undefined);
  return (
    <details className="fold" {...(hasFault && { open: true })}>
      <summary>Options{count > 0 && <span className="quiet"> · {count} set</span>}</summary>
      <div className="options">
        {NAMES.map((name) => {
          const fault = faultOf(name, errors);
          return (
            <div className="field" key={name}>
              <label htmlFor={`${id}${name}`}>{OPTION_TEXTS[name].label}</label>
              <input
                id={`${id}${name}`}
                className="input figure"
                type="number"
                inputMode="numeric"
                step="any"
                value={typed[name]}
                placeholder={placeholderOf(name, defaults)}
                aria-describedby={`${id}${name}-hint`}
                aria-invalid={fault !== undefined}
                onChange={({ target }) => onChange({ ...typed, [name]: target.value })}
              />
              <p id={`${id}${name}-hint`} className={fault === undefined ? "field-hint" : "field-problem"}>
                {fault ?? OPTION_TEXTS[name].hint}
              </p>
            </div>
          );
        })}
      </div>
    </details>
  );
};
