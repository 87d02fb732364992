import type { FieldTemplateProps } from "@rjsf/utils";
import { type ReactNode, useRef } from "react";
import { getErrorsAt, useFormErrors } from "../form-errors.ts";
import { getLabel } from "../label.ts";
import type { FormSchema } from "../schema/form-schema.ts";

const isContainer = (schema: unknown, definitions: FormSchema): boolean => {
  if (typeof schema !== "object" || schema === null) return false;
  const { $ref, type, anyOf, oneOf } = schema as FormSchema;
  if (typeof $ref === "string") return isContainer(definitions[$ref.slice("#/$defs/".length)], definitions);
  const options = anyOf ?? oneOf;
  if (options !== undefined) return options.every((option) => isContainer(option, definitions));
  return type === "object" || type === "array";
};

/** True for what is begun by asking for it: objects, tuples, and unions of such; a list is begun by its first item. */
export const isAddedByButton = (schema: FormSchema, root: FormSchema): boolean => {
  const isList = schema.type === "array" && !Array.isArray(schema.items);
  return !isList && isContainer(schema, root.$defs ?? {});
};

/** What is begun by hand is given. */
export interface OptionalFieldProps {
  readonly field: FieldTemplateProps;
  readonly pointer: string;
  readonly children: ReactNode;
}

/** A part of the payload that may be left out: a button to begin it, and then its fields with one to leave it out. */
export const OptionalField = ({ field, pointer, children }: OptionalFieldProps) => {
  const { schema, formData, onChange, fieldPathId, registry, disabled, readonly } = field;
  const { faults, showsAll, edited } = useFormErrors();
  const frame = useRef<HTMLDivElement>(null);
  const label = getLabel(schema, fieldPathId.path.at(-1));
  const set = (value: unknown) => {
    edited(pointer);
    onChange(value, fieldPathId.path);
    // The button that had the focus is gone with the next frame.
    requestAnimationFrame(() =>
      frame.current?.querySelector<HTMLElement>("input, select, textarea, button")?.focus(),
    );
  };
  const begin = () => {
    const empty = schema.type === "array" ? [] : {};
    set(registry.schemaUtils.getDefaultFormState(schema, undefined, "excludeObjectChildren") ?? empty);
  };
  if (formData !== undefined) {
    return (
      <div ref={frame} className="jf-begun">
        {children}
        <button
          type="button"
          className="jf-button jf-quiet jf-corner"
          part="remove"
          aria-label={`Leave out ${label}`}
          disabled={disabled || readonly}
          onClick={() => set(undefined)}
        >
          Leave out
        </button>
      </div>
    );
  }
  const told = showsAll ? getErrorsAt(faults, pointer, true) : [];
  return (
    <div ref={frame} className="jf-field jf-closed" part="field" data-pointer={pointer}>
      <span className="jf-label">{label}</span>
      <button
        type="button"
        className="jf-button jf-add"
        part="add"
        aria-label={`Add ${label}`}
        disabled={disabled || readonly}
        onClick={begin}
      >
        Add
      </button>
      {typeof schema.description === "string" && <p className="jf-hint">{schema.description}</p>}
      {told.length > 0 && (
        <p className="jf-fault" part="fault">
          {told.join("; ")}
        </p>
      )}
    </div>
  );
};
