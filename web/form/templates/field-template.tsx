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

/** One of several kinds: which, and then the fields of that kind. */
const UnionFrame = ({ field: { schema, fieldPathId, required }, pointer, children }: FrameProps) => {
  const isEntry = useIsEntry(pointer);
  const place = fieldPathId.path.at(-1);
  const option = { pointer, discriminator: schema["discriminator"]?.propertyName };
  return (
    <fieldset className="jf-group" part="group" data-pointer={pointer}>
      <GroupHeader {...{ schema, place, pointer, required }} isNamed={isEntry || pointer === ""} />
      <OptionProvider value={option}>{children}</OptionProvider>
    </fieldset>
  );
};

/** A value under a name that somebody has given it. */
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

/** What stands around every field. Fields name and describe themselves: most need nothing here. */
export const FieldTemplate = (field: FieldTemplateProps) => {
  const { schema, children, fieldPathId, hidden, required, registry } = field;
  const pointer = toPointer(fieldPathId.path);
  const isOption = useIsSelectedOption(pointer);
  if (hidden) return <div hidden>{children}</div>;
  if (isOption) return children;

  const isUnion = schema.anyOf !== undefined || schema.oneOf !== undefined;
  const framed = isUnion ? <UnionFrame {...{ field, pointer, children }} /> : children;
  if (ADDITIONAL_PROPERTY_FLAG in schema) return <EntryFrame {...{ field, pointer }}>{framed}</EntryFrame>;

  const place = fieldPathId.path.at(-1);
  const mayBeLeftOut = typeof place === "string" && required !== true && schema.default === undefined;
  if (!mayBeLeftOut || !isAddedByButton(schema, registry.rootSchema)) return framed;
  return <OptionalField {...{ field, pointer }}>{framed}</OptionalField>;
};
