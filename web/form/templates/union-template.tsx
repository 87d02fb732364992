import type { MultiSchemaFieldTemplateProps, WidgetProps } from "@rjsf/utils";
import { getLabel } from "../label.ts";
import { getLabelClass } from "./group-header.tsx";

/** Which kind it is, and the fields of that kind. */
export const UnionTemplate = ({ selector, optionSchemaField }: MultiSchemaFieldTemplateProps) => (
  <>
    {selector}
    {optionSchemaField}
  </>
);

/** Several of some values, each at most once. */
const CheckboxGroup = ({
  id,
  label,
  schema,
  options,
  value,
  disabled,
  readonly,
  required,
  onChange,
}: WidgetProps) => {
  const chosen: readonly unknown[] = Array.isArray(value) ? value : [];
  const texts = chosen.map((item) => JSON.stringify(item));
  const choices = options.enumOptions ?? [];
  return (
    <fieldset className="jf-group jf-boxes" part="group">
      <legend className={getLabelClass("jf-legend", required)}>{getLabel(schema, label)}</legend>
      {typeof schema.description === "string" && <p className="jf-hint">{schema.description}</p>}
      {choices.map((choice, index) => {
        const text = JSON.stringify(choice.value);
        const others = chosen.filter((item) => JSON.stringify(item) !== text);
        return (
          <label key={text} className="jf-check">
            <input
              type="checkbox"
              id={`${id}.${index}`}
              disabled={disabled || readonly}
              checked={texts.includes(text)}
              onChange={({ target }) => onChange(target.checked ? [...others, choice.value] : others)}
            />
            <span>{choice.label}</span>
          </label>
        );
      })}
    </fieldset>
  );
};

/** Which of a union's options the value is. */
const OptionSelect = ({ id, label, options, value, disabled, readonly, onChange }: WidgetProps) => (
  <select
    className="jf-kind"
    id={id}
    aria-label={`Kind of ${getLabel({}, label)}`}
    disabled={disabled || readonly}
    value={value === undefined ? "" : String(value)}
    onChange={({ target }) => onChange(target.value)}
  >
    {value === undefined && <option value="">Choose…</option>}
    {options.enumOptions?.map((choice) => (
      <option key={String(choice.value)} value={String(choice.value)}>
        {choice.label}
      </option>
    ))}
  </select>
);

/** The two questions that the library itself asks: which kind, and which of several. */
export const SelectWidget = (props: WidgetProps) =>
  props.multiple ? <CheckboxGroup {...props} /> : <OptionSelect {...props} />;
