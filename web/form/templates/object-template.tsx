import type { ObjectFieldTemplateProps } from "@rjsf/utils";
import { getContainerPointer, useIsEntry, useIsSelectedOption } from "./field-context.ts";
import { GroupHeader } from "./group-header.tsx";

/** The fields of an object: the payload's own stand alone, those of one within it under its name. */
export const ObjectTemplate = (props: ObjectFieldTemplateProps) => {
  const { schema, fieldPathId, properties, onAddProperty, disabled, readonly, required } = props;
  const pointer = getContainerPointer(schema, fieldPathId.path);
  const isOption = useIsSelectedOption(pointer);
  const isNamed = useIsEntry(pointer);
  const fields = (
    <>
      {properties.map(({ content }) => content)}
      {schema.additionalProperties && (
        <button
          type="button"
          className="jf-button jf-add"
          part="add"
          disabled={disabled || readonly}
          onClick={onAddProperty}
        >
          Add an entry
        </button>
      )}
    </>
  );
  if (pointer === "" || isOption) return fields;
  return (
    <fieldset className="jf-group" part="group" data-pointer={pointer}>
      <GroupHeader {...{ schema, pointer, required, isNamed }} place={fieldPathId.path.at(-1)} />
      {fields}
    </fieldset>
  );
};
