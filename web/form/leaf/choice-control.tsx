import type { FormSchema } from "../schema/form-schema.ts";
import { formatValue } from "../schema/prepare-scalar.ts";
import { type Choice, findChoiceIndex, listChoices } from "./choices.ts";
import type { ControlProps } from "./control.ts";

/** Maximum number of choices that a list without a search field shows. */
const MAX_LISTED = 100;
/**
 * Maximum number of choices that are shown as radio buttons unless the schema sets another control.
 */
const MAX_RADIO_BUTTONS = 3;

/** Returns true if the choices are shown as radio buttons. */
export const isRadio = (schema: FormSchema, isRequired: boolean): boolean => {
  const count = schema.enum?.length ?? 0;
  const widget: unknown = schema["x-widget"];
  return widget === "radio"
    ? count <= MAX_LISTED
    : widget !== "select" && isRequired && count > 1 && count <= MAX_RADIO_BUTTONS;
};

/** Selects one of a few values with radio buttons. */
export const RadioControl = ({ schema, value, attributes, onChange }: ControlProps) => {
  const { id, readOnly, "aria-describedby": _, ...rest } = attributes;
  const chosen = findChoiceIndex(schema, value);
  return (
    <span className="jf-radios">
      {listChoices(schema).map(({ index, label, isDisabled }) => (
        <label key={index} className="jf-check">
          <input
            {...rest}
            id={index === 0 ? id : `${id}.${index}`}
            name={id}
            type="radio"
            disabled={rest.disabled || readOnly || isDisabled}
            checked={index === chosen}
            onChange={() => onChange(schema.enum?.[index])}
          />
          <span>{label}</span>
        </label>
      ))}
    </span>
  );
};

/** The options of a select element. */
export const SelectOptions = ({ choices }: { choices: readonly Choice[] }) =>
  choices.map(({ index, label, isDisabled }) => (
    <option key={index} value={index} disabled={isDisabled}>
      {label}
    </option>
  ));

/** Selects one of several values from a drop-down list. */
export const SelectControl = ({ schema, value, attributes, onChange }: ControlProps) => {
  const { readOnly, ...rest } = attributes;
  const chosen = findChoiceIndex(schema, value);
  return (
    <select
      {...rest}
      disabled={rest.disabled || readOnly}
      value={chosen === -1 ? "" : String(chosen)}
      onChange={({ target }) =>
        onChange(target.value === "" ? undefined : schema.enum?.[Number(target.value)])
      }
    >
      {(chosen === -1 || !rest.required) && <option value="">{rest.required ? "Choose…" : "—"}</option>}
      <SelectOptions choices={listChoices(schema)} />
    </select>
  );
};

/** Returns true if a choice has so many values that its list has a search field. */
export const isSearchable = (schema: FormSchema): boolean => (schema.enum?.length ?? 0) > MAX_LISTED;

/** Shows a constant, which cannot be edited. */
export const ConstantControl = ({ schema, attributes }: ControlProps) => (
  <output className="jf-constant" id={attributes.id}>
    {formatValue(schema.const ?? null)}
  </output>
);
