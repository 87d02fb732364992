import { useId } from "react";
import type { FieldError, TaskDefaults } from "../../../protocol/index.ts";
import {
  findOptionError,
  getPlaceholder,
  OPTION_TEXTS,
  type OptionName,
  type TypedOptions,
} from "./task-options.ts";

const NAMES = Object.keys(OPTION_TEXTS) as OptionName[];

/** The options of the task. They are collapsed, because most submits do not set any. */
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
  const hasError = NAMES.some((name) => findOptionError(name, errors) !== undefined);
  return (
    <details className="fold" {...(hasError && { open: true })}>
      <summary>Options{count > 0 && <span className="quiet"> · {count} set</span>}</summary>
      <div className="options">
        {NAMES.map((name) => {
          const error = findOptionError(name, errors);
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
                placeholder={getPlaceholder(name, defaults)}
                aria-describedby={`${id}${name}-hint`}
                aria-invalid={error !== undefined}
                onChange={({ target }) => onChange({ ...typed, [name]: target.value })}
              />
              <p id={`${id}${name}-hint`} className={error === undefined ? "field-hint" : "field-problem"}>
                {error ?? OPTION_TEXTS[name].hint}
              </p>
            </div>
          );
        })}
      </div>
    </details>
  );
};
