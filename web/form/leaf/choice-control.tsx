import { useState } from "react";
import { DRAWN, type DrawnSchema } from "../schema/drawn-schema.ts";
import { nameOf } from "../schema/prepare-scalar.ts";
import type { ControlProps } from "./control.ts";

/** Beyond this a list is one to be searched. */
const LONG = 100;
const SHOWN = 100;
/** So few are seen at a glance. */
const FEW = 3;

interface Choice {
  readonly index: number;
  readonly label: string;
}

const choicesOf = (schema: DrawnSchema): Choice[] => {
  const labels: unknown = schema[DRAWN.labels];
  const named = Array.isArray(labels) ? labels : [];
  return (schema.enum ?? []).map((value, index) => ({ index, label: String(named[index] ?? nameOf(value)) }));
};

const indexOf = (schema: DrawnSchema, value: unknown): number => {
  const text = JSON.stringify(value);
  return value === undefined
    ? -1
    : (schema.enum ?? []).findIndex((option) => JSON.stringify(option) === text);
};

/** True where the choices are drawn as buttons beside each other. */
export const isRadio = (schema: DrawnSchema, isRequired: boolean): boolean => {
  const count = schema.enum?.length ?? 0;
  const widget: unknown = schema["x-widget"];
  return widget === "radio" ? count <= LONG : widget !== "select" && isRequired && count > 1 && count <= FEW;
};

/** One of a few values, all of them in sight. */
export const RadioControl = ({ schema, value, attributes, onChange }: ControlProps) => {
  const { id, readOnly, "aria-describedby": _, ...rest } = attributes;
  const chosen = indexOf(schema, value);
  return (
    <span className="jf-radios">
      {choicesOf(schema).map(({ index, label }) => (
        <label key={index} className="jf-check">
          <input
            {...rest}
            id={index === 0 ? id : `${id}.${index}`}
            name={id}
            type="radio"
            disabled={rest.disabled || readOnly}
            checked={index === chosen}
            onChange={() => onChange(schema.enum?.[index])}
          />
          <span>{label}</span>
        </label>
      ))}
    </span>
  );
};

const Options = ({ choices }: { choices: readonly Choice[] }) =>
  choices.map(({ index, label }) => (
    <option key={index} value={index}>
      {label}
    </option>
  ));

/** One of some values. */
export const SelectControl = ({ schema, value, attributes, onChange }: ControlProps) => {
  const { readOnly, ...rest } = attributes;
  const chosen = indexOf(schema, value);
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
      <Options choices={choicesOf(schema)} />
    </select>
  );
};

/** One of very many: the list shows those that a search leaves, and never more than a hundred. */
export const SearchControl = (props: ControlProps) => {
  const { schema, value, attributes, label } = props;
  const [search, setSearch] = useState("");
  const choices = choicesOf(schema);
  const wanted = search.trim().toLowerCase();
  const found =
    wanted === "" ? choices : choices.filter((choice) => choice.label.toLowerCase().includes(wanted));
  const chosen = indexOf(schema, value);
  const shown = [
    ...found.filter(({ index }) => index === chosen),
    ...found.filter(({ index }) => index !== chosen),
  ];
  const kept = choices.filter(
    ({ index }) => index === chosen && !found.some((choice) => choice.index === chosen),
  );
  const { readOnly, ...rest } = attributes;
  return (
    <span className="jf-search">
      <input
        type="search"
        aria-label={`Search ${label}`}
        placeholder={`Search ${choices.length.toLocaleString("en")} choices`}
        value={search}
        disabled={rest.disabled || readOnly}
        onChange={({ target }) => setSearch(target.value)}
      />
      <select
        {...rest}
        size={6}
        disabled={rest.disabled || readOnly}
        value={chosen === -1 ? "" : String(chosen)}
        onChange={({ target }) =>
          props.onChange(target.value === "" ? undefined : schema.enum?.[Number(target.value)])
        }
      >
        {!rest.required && <option value="">—</option>}
        <Options choices={[...kept, ...shown.slice(0, SHOWN)]} />
      </select>
      <output className="jf-hint">
        {found.length > SHOWN
          ? `The first ${SHOWN} of ${found.length.toLocaleString("en")}`
          : `${found.length} found`}
      </output>
    </span>
  );
};

/** True for a list that is searched. */
export const isSearched = (schema: DrawnSchema): boolean => (schema.enum?.length ?? 0) > LONG;

/** A value that is given, and sent as it is. */
export const ConstantControl = ({ schema, attributes }: ControlProps) => (
  <output className="jf-constant" id={attributes.id}>
    {nameOf(schema.const ?? null)}
  </output>
);
