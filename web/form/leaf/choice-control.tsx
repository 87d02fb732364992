import type { FormSchema } from "../schema/form-schema.ts";
import { formatValue } from "../schema/prepare-scalar.ts";
import { type Choice, findChoiceIndex, listChoices } from "./choices.ts";
import type { ControlProps } from "./control.ts";

/** A longer list is searched. */
const LONG = 100;
/** So few are seen at a glance. */
const FEW = 3;

/** True where the choices are drawn as buttons beside each other. */
export const isRadio = (schema: FormSchema, isRequired: boolean): boolean => {
  const count = schema.enum?.length ?? 0;
  const widget: unknown = schema["x-widget"];
  return widget === "radio" ? count <= LONG : widget !== "select" && isRequired && count > 1 && count <= FEW;
};

/** One of a few values, all of them in sight. */
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

/** The options of a list. */
export const SelectOptions = ({ choices }: { choices: readonly Choice[] }) =>
  choices.map(({ index, label, isDisabled }) => (
    <option key={index} value={index} disabled={isDisabled}>
      {label}
    </option>
  ));

/** One of some values. */
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

/** True for a list that is searched. */
export const isSearchable = (schema: FormSchema): boolean => (schema.enum?.length ?? 0) > LONG;

/** A value that is given, and sent as it is. */
export const ConstantControl = ({ schema, attributes }: ControlProps) => (
  <output className="jf-constant" id={attributes.id}>
    {formatValue(schema.const ?? null)}
  </output>
);
