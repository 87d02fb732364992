import type { ObjectFieldTemplateProps } from "@rjsf/utils";
import { getContainerPointer, useIsEntry, useIsSelectedOption } from "./field-context.ts";
import { GroupHeader } from "./group-header.tsx";

/**
 * The fields of an object. A nested object has a frame with its name. The payload itself has no
 * frame.
 */
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
      <GroupHeader {...{ schema, pointer, required, isNamed }} fieldKey={fieldPathId.path.at(-1)} />
      {fields}
    </fieldset>
  );
};
