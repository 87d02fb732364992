import type { MultiSchemaFieldTemplateProps, WidgetProps } from "@rjsf/utils";
import { getLabel } from "../label.ts";
import { getLabelClass } from "./group-header.tsx";

/** The list of a union's options, followed by the fields of the selected option. */
export const UnionTemplate = ({ selector, optionSchemaField }: MultiSchemaFieldTemplateProps) => (
  <>
    {selector}
    {optionSchemaField}
  </>
);

/** Selects several values with checkboxes. Each value can be selected only once. */
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
  const selected: readonly unknown[] = Array.isArray(value) ? value : [];
  const texts = selected.map((item) => JSON.stringify(item));
  const choices = options.enumOptions ?? [];
  return (
    <fieldset className="jf-group jf-boxes" part="group">
      <legend className={getLabelClass("jf-legend", required)}>{getLabel(schema, label)}</legend>
      {typeof schema.description === "string" && <p className="jf-hint">{schema.description}</p>}
      {choices.map((choice, index) => {
        const text = JSON.stringify(choice.value);
        const others = selected.filter((item) => JSON.stringify(item) !== text);
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

const OptionSelect = ({ id, label, options, value, disabled, readonly, onChange }: WidgetProps) => (
  <select
    className="jf-kind"
    id={id}
    aria-label={`Type of ${getLabel({}, label)}`}
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

/**
 * The widget that react-jsonschema-form renders to select an option of a union or several unique
 * values of an `enum`.
 */
export const SelectWidget = (props: WidgetProps) =>
  props.multiple ? <CheckboxGroup {...props} /> : <OptionSelect {...props} />;
