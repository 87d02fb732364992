import { type DragEvent, type Ref, useState } from "react";
import type { ControlAttributes } from "../leaf/control.ts";
import { describeRule, type FileRule, getAccept } from "./file-rule.ts";

export interface DropZoneProps {
  readonly rule: FileRule;
  /** The instruction in the zone, for example "Choose a file or drop it here". */
  readonly text: string;
  readonly isMultiple: boolean;
  /** The name of the input if it has no label element. */
  readonly name?: string | undefined;
  readonly attributes: Omit<ControlAttributes, "readOnly">;
  readonly onFiles: (files: readonly File[]) => void;
  readonly ref?: Ref<HTMLInputElement>;
}

/**
 * An area on which files can be dropped. The browser's own file input covers it invisibly, so that a
 * click, the keyboard and screen readers work as with every file input.
 */
export const DropZone = (props: DropZoneProps) => {
  const { rule, text, isMultiple, name, attributes, onFiles, ref } = props;
  const [isOver, setOver] = useState(false);
  const choose = (files: Iterable<File>) => {
    const list = [...files];
    if (list.length > 0 && !attributes.disabled) onFiles(list);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    choose(event.dataTransfer.files);
  };
  const limits = describeRule(rule);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the input inside it works with the keyboard
    <div
      className={isOver ? "jf-drop is-over" : "jf-drop"}
      part="drop"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <input
        {...attributes}
        ref={ref}
        type="file"
        multiple={isMultiple}
        accept={getAccept(rule)}
        aria-label={name}
        onChange={({ target }) => {
          choose(target.files ?? []);
          // Without this, choosing the same file again would not be a change.
          target.value = "";
        }}
      />
      <span>{text}</span>
      {limits !== "" && <span className="jf-unit">{limits}</span>}
    </div>
  );
};
