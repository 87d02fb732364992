import type { ArrayFieldItemTemplateProps, ArrayFieldTemplateProps } from "@rjsf/utils";
import { useFormErrors } from "../errors/form-errors.ts";
import { getLabel } from "../label.ts";
import { toPointer } from "../pointer.ts";
import { getContainerPointer, useIsEntry, useIsSelectedOption } from "./field-context.ts";
import { GroupHeader } from "./group-header.tsx";

/** A list with a button that adds an item. */
export const ArrayTemplate = (props: ArrayFieldTemplateProps) => {
  const { schema, fieldPathId, items, canAdd, onAddClick, disabled, readonly, required } = props;
  const pointer = getContainerPointer(schema, fieldPathId.path);
  const { clear } = useFormErrors();
  const label = getLabel(schema, fieldPathId.path.at(-1));
  const isOption = useIsSelectedOption(pointer);
  const isEntry = useIsEntry(pointer);
  const isNamed = isEntry || isOption;
  return (
    <fieldset className="jf-group jf-list" part="group" data-pointer={pointer}>
      <GroupHeader {...{ schema, pointer, required, isNamed }} fieldKey={fieldPathId.path.at(-1)} />
      {items.length > 0 && <ol className="jf-items">{items}</ol>}
      {canAdd && (
        <button
          type="button"
          className="jf-button jf-add"
          part="add"
          aria-label={`Add to ${label}`}
          disabled={disabled || readonly}
          onClick={(event) => {
            clear(pointer);
            onAddClick(event);
          }}
        >
          Add
        </button>
      )}
    </fieldset>
  );
};

/** One item of a list, with buttons that move and remove it. */
export const ArrayItemTemplate = ({
  children,
  buttonsProps,
  hasToolbar,
  index,
  disabled,
  readonly,
}: ArrayFieldItemTemplateProps) => {
  const { clear } = useFormErrors();
  const list = toPointer(buttonsProps.fieldPathId.path.slice(0, -1));
  const button = (isShown: boolean, icon: string, action: string, run: (event?: unknown) => void) =>
    isShown && (
      <button
        type="button"
        className="jf-button jf-quiet"
        aria-label={`${action} item ${index + 1}`}
        title={action}
        disabled={disabled === true || readonly === true}
        onClick={(event) => {
          clear(list);
          run(event);
        }}
      >
        {icon}
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
