import { ADDITIONAL_PROPERTY_FLAG, type FieldTemplateProps } from "@rjsf/utils";
import type { ReactNode } from "react";
import { toPointer } from "../pointer.ts";
import { GroupHead } from "./legend.tsx";
import { isBegunByHand, Optional } from "./optional.tsx";
import { EntryProvider, OptionProvider, useIsEntry, useIsOptionOf } from "./surroundings.ts";

interface Framed {
  readonly field: FieldTemplateProps;
  readonly pointer: string;
  readonly children: ReactNode;
}

/** One of several kinds: which, and then the fields of that kind. */
const Union = ({ field: { schema, fieldPathId, required }, pointer, children }: Framed) => {
  const isEntry = useIsEntry(pointer);
  const place = fieldPathId.path.at(-1);
  const option = { pointer, discriminator: schema["discriminator"]?.propertyName };
  return (
    <fieldset className="jf-group" part="group" data-pointer={pointer}>
      <GroupHead {...{ schema, place, pointer, required }} isNamed={isEntry || pointer === ""} />
      <OptionProvider value={option}>{children}</OptionProvider>
    </fieldset>
  );
};

/** A value under a name that somebody has given it. */
const Entry = ({ field, pointer, children }: Framed) => {
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
  const isOption = useIsOptionOf(pointer);
  if (hidden) return <div hidden>{children}</div>;
  if (isOption) return children;

  const isUnion = schema.anyOf !== undefined || schema.oneOf !== undefined;
  const framed = isUnion ? <Union {...{ field, pointer, children }} /> : children;
  if (ADDITIONAL_PROPERTY_FLAG in schema) return <Entry {...{ field, pointer }}>{framed}</Entry>;

  const place = fieldPathId.path.at(-1);
  const mayBeLeftOut = typeof place === "string" && required !== true && schema.default === undefined;
  if (!mayBeLeftOut || !isBegunByHand(schema, registry.rootSchema)) return framed;
  return <Optional {...{ field, pointer }}>{framed}</Optional>;
};
