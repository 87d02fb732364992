import type { ArrayFieldItemTemplateProps, ArrayFieldTemplateProps } from "@rjsf/utils";
import { useFormErrors } from "../form-errors.ts";
import { getLabel } from "../label.ts";
import { toPointer } from "../pointer.ts";
import { getContainerPointer, useIsEntry, useIsSelectedOption } from "./field-context.ts";
import { GroupHeader } from "./group-header.tsx";

/** A list: its items in their order, and a way to make it longer. */
export const ArrayTemplate = (props: ArrayFieldTemplateProps) => {
  const { schema, fieldPathId, items, canAdd, onAddClick, disabled, readonly, required } = props;
  const pointer = getContainerPointer(schema, fieldPathId.path);
  const { edited } = useFormErrors();
  const label = getLabel(schema, fieldPathId.path.at(-1));
  const isOption = useIsSelectedOption(pointer);
  const isEntry = useIsEntry(pointer);
  const isNamed = isEntry || isOption;
  return (
    <fieldset className="jf-group jf-list" part="group" data-pointer={pointer}>
      <GroupHeader {...{ schema, pointer, required, isNamed }} place={fieldPathId.path.at(-1)} />
      {items.length > 0 && <ol className="jf-items">{items}</ol>}
      {canAdd && (
        <button
          type="button"
          className="jf-button jf-add"
          part="add"
          aria-label={`Add to ${label}`}
          disabled={disabled || readonly}
          onClick={(event) => {
            edited(pointer);
            onAddClick(event);
          }}
        >
          Add
        </button>
      )}
    </fieldset>
  );
};

/** One item of a list, with what moves and removes it. */
export const ArrayItemTemplate = ({
  children,
  buttonsProps,
  hasToolbar,
  index,
  disabled,
  readonly,
}: ArrayFieldItemTemplateProps) => {
  const { edited } = useFormErrors();
  const list = toPointer(buttonsProps.fieldPathId.path.slice(0, -1));
  const button = (isThere: boolean, sign: string, what: string, act: (event?: unknown) => void) =>
    isThere && (
      <button
        type="button"
        className="jf-button jf-quiet"
        aria-label={`${what} item ${index + 1}`}
        title={what}
        disabled={disabled === true || readonly === true}
        onClick={(event) => {
          edited(list);
          act(event);
        }}
      >
        {sign}
      </button>
    );
  return (
    <li className="jf-item" part="item">
      <div className="jf-body">{children}</div>
      {hasToolbar && (
        <div className="jf-tools">
          {button(buttonsProps.hasMoveUp, "↑", "Move up", buttonsProps.onMoveUpItem)}
          {button(buttonsProps.hasMoveDown, "↓", "Move down", buttonsProps.onMoveDownItem)}
          {button(buttonsProps.hasRemove, "✕", "Remove", buttonsProps.onRemoveItem)}
        </div>
      )}
    </li>
  );
};
