import { ADDITIONAL_PROPERTY_FLAG, type FieldTemplateProps } from "@rjsf/utils";
import type { ReactNode } from "react";
import { toPointer } from "../pointer.ts";
import { EntryProvider, OptionProvider, useIsEntry, useIsSelectedOption } from "./field-context.ts";
import { GroupHeader } from "./group-header.tsx";
import { isAddedByButton, OptionalField } from "./optional-field.tsx";

interface FrameProps {
  readonly field: FieldTemplateProps;
  readonly pointer: string;
  readonly children: ReactNode;
}

/** A union: the list of its options, followed by the fields of the selected option. */
const UnionFrame = ({ field: { schema, fieldPathId, required }, pointer, children }: FrameProps) => {
  const isEntry = useIsEntry(pointer);
  const fieldKey = fieldPathId.path.at(-1);
  const option = { pointer, discriminator: schema["discriminator"]?.propertyName };
  return (
    <fieldset className="jf-group" part="group" data-pointer={pointer}>
      <GroupHeader {...{ schema, fieldKey, pointer, required }} isNamed={isEntry || pointer === ""} />
      <OptionProvider value={option}>{children}</OptionProvider>
    </fieldset>
  );
};

/** An entry of a record: its name, which the user chooses, and its value. */
const EntryFrame = ({ field, pointer, children }: FrameProps) => {
  const { label, fieldPathId, disabled, readonly, onKeyRenameBlur, onRemoveProperty } = field;
  const name = String(fieldPathId.path.at(-1) ?? label);
  return (
    <div className="jf-entry" part="entry">
      <input
        className="jf-name"
        type="text"
        aria-label="Name"
        defaultValue={name}
        disabled={disabled || readonly}
        onBlur={onKeyRenameBlur}
      />
      <EntryProvider value={pointer}>{children}</EntryProvider>
      <button
        type="button"
        className="jf-button jf-quiet"
        aria-label={`Remove ${name}`}
        disabled={disabled || readonly}
        onClick={onRemoveProperty}
      >
        ✕
      </button>
    </div>
  );
};

/**
 * The frame of a field. Most fields have no frame, because they show their label and description
 * themselves.
 */
export const FieldTemplate = (field: FieldTemplateProps) => {
  const { schema, children, fieldPathId, hidden, required, registry } = field;
  const pointer = toPointer(fieldPathId.path);
  const isOption = useIsSelectedOption(pointer);
  if (hidden) return <div hidden>{children}</div>;
  if (isOption) return children;

  const isUnion = schema.anyOf !== undefined || schema.oneOf !== undefined;
  const framed = isUnion ? <UnionFrame {...{ field, pointer, children }} /> : children;
  if (ADDITIONAL_PROPERTY_FLAG in schema) return <EntryFrame {...{ field, pointer }}>{framed}</EntryFrame>;

  const fieldKey = fieldPathId.path.at(-1);
  const isOptional = typeof fieldKey === "string" && required !== true && schema.default === undefined;
  if (!isOptional || !isAddedByButton(schema, registry.rootSchema)) return framed;
  return <OptionalField {...{ field, pointer }}>{framed}</OptionalField>;
};
