import type { FieldTemplateProps } from "@rjsf/utils";
import { type ReactNode, useRef } from "react";
import { getErrorsAt, useFormErrors } from "../errors/form-errors.ts";
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

/**
 * Returns true for values that the user adds with a button: objects, tuples, and unions of objects
 * or tuples. A list is not among them, because the user adds it together with its first item.
 */
export const isAddedByButton = (schema: FormSchema, root: FormSchema): boolean => {
  const isList = schema.type === "array" && !Array.isArray(schema.items);
  return !isList && isContainer(schema, root.$defs ?? {});
};

export interface OptionalFieldProps {
  readonly field: FieldTemplateProps;
  readonly pointer: string;
  readonly children: ReactNode;
}

/**
 * An optional part of the payload. While the part is missing, a button adds it. After that, its
 * fields and a button that removes it are shown.
 */
export const OptionalField = ({ field, pointer, children }: OptionalFieldProps) => {
  const { schema, formData, onChange, fieldPathId, registry, disabled, readonly } = field;
  const { errors, showsAll, clear } = useFormErrors();
  const frame = useRef<HTMLDivElement>(null);
  const label = getLabel(schema, fieldPathId.path.at(-1));
  const set = (value: unknown) => {
    clear(pointer);
    onChange(value, fieldPathId.path);
    // Moves the focus, because the focused button disappears in the next frame.
    requestAnimationFrame(() =>
      frame.current?.querySelector<HTMLElement>("input, select, textarea, button")?.focus(),
    );
  };
  const add = () => {
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
          aria-label={`Remove ${label}`}
          disabled={disabled || readonly}
          onClick={() => set(undefined)}
        >
          Remove
        </button>
      </div>
    );
  }
  const shownErrors = showsAll ? getErrorsAt(errors, pointer, true) : [];
  return (
    <div ref={frame} className="jf-field jf-closed" part="field" data-pointer={pointer}>
      <span className="jf-label">{label}</span>
      <button
        type="button"
        className="jf-button jf-add"
        part="add"
        aria-label={`Add ${label}`}
        disabled={disabled || readonly}
        onClick={add}
      >
        Add
      </button>
      {typeof schema.description === "string" && <p className="jf-hint">{schema.description}</p>}
      {shownErrors.length > 0 && (
        <p className="jf-error" part="field-error">
          {shownErrors.join("; ")}
        </p>
      )}
    </div>
  );
};
