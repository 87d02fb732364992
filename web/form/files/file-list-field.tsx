import type { FieldProps } from "@rjsf/utils";
import { useRef, useState } from "react";
import { getErrorsAt, useFormErrors } from "../errors/form-errors.ts";
import { getLabel } from "../label.ts";
import { toPointer } from "../pointer.ts";
import type { FormSchema } from "../schema/form-schema.ts";
import { useIsEntry, useIsSelectedOption } from "../templates/field-context.ts";
import { GroupHeader } from "../templates/group-header.tsx";
import { DropZone } from "./drop-zone.tsx";
import { FileEntry } from "./file-entry.tsx";
import { chooseMediaType, findFileError, getFileRule, isFileSchema } from "./file-rule.ts";
import { type FormUploads, useUploads } from "./form-uploads.ts";

/** Returns the schema of the items if a list contains only files. */
const findFileItems = ({ schema, registry }: FieldProps): FormSchema | undefined => {
  const { items } = schema;
  if (typeof items !== "object" || Array.isArray(items)) return undefined;
  const resolved = registry.schemaUtils.retrieveSchema(items);
  return isFileSchema(resolved) && resolved.type === "string" ? resolved : undefined;
};

/** Returns true if a list contains only files, so that several files can be added at once. */
export const isFileList = (props: FieldProps): boolean => findFileItems(props) !== undefined;

interface ListToolsProps {
  readonly index: number;
  readonly count: number;
  readonly isDisabled: boolean;
  readonly onMove: (to: number) => void;
  readonly onRemove: () => void;
}

const ListTools = ({ index, count, isDisabled, onMove, onRemove }: ListToolsProps) => {
  const button = (icon: string, action: string, run: () => void) => (
    <button
      type="button"
      className="jf-button jf-quiet"
      aria-label={`${action} file ${index + 1}`}
      title={action}
      disabled={isDisabled}
      onClick={run}
    >
      {icon}
    </button>
  );
  return (
    <>
      {index > 0 && button("↑", "Move up", () => onMove(index - 1))}
      {index < count - 1 && button("↓", "Move down", () => onMove(index + 1))}
      {button("✕", "Remove", onRemove)}
    </>
  );
};

/** Returns the errors of files that cannot be added to a list, or the keys of their uploads. */
const addFiles = (
  uploads: FormUploads,
  files: readonly File[],
  items: FormSchema,
): { readonly keys: readonly string[]; readonly errors: readonly string[] } => {
  const rule = getFileRule(items);
  const keys: string[] = [];
  const errors: string[] = [];
  for (const file of files) {
    const mediaType = chooseMediaType(file, rule);
    const error = findFileError(file, mediaType, rule);
    if (error === undefined) keys.push(uploads.add({ file, mediaType }));
    else errors.push(error);
  }
  return { keys, errors };
};

/** A list of files. Several files can be chosen or dropped at once. */
export const FileListField = (props: FieldProps) => {
  const { schema, fieldPathId, formData, required, disabled, readonly, registry, onChange } = props;
  const uploads = useUploads();
  const items = findFileItems(props);
  const input = useRef<HTMLInputElement>(null);
  const [faults, setFaults] = useState<readonly string[]>([]);
  const { errors, showsAll, clear } = useFormErrors();
  const pointer = toPointer(fieldPathId.path);
  const isOption = useIsSelectedOption(pointer);
  const isEntry = useIsEntry(pointer);
  if (uploads === undefined || items === undefined) return null;

  const key = fieldPathId.path.at(-1);
  const label = getLabel(schema, key);
  const isDisabled = disabled === true || readonly === true || schema.readOnly === true;
  const values: readonly string[] = Array.isArray(formData)
    ? formData.filter((value) => typeof value === "string")
    : [];
  const change = (next: readonly string[]) => {
    clear(pointer);
    const isOmitted = next.length === 0 && required !== true;
    onChange(isOmitted ? undefined : [...next], fieldPathId.path, undefined, fieldPathId.$id);
  };
  const choose = (files: readonly File[]) => {
    const { maxItems } = schema;
    if (maxItems !== undefined && values.length + files.length > maxItems)
      return setFaults([`This list takes at most ${maxItems} files.`]);
    const added = addFiles(uploads, files, items);
    setFaults(added.errors);
    if (added.keys.length > 0) change([...values, ...added.keys]);
  };
  const move = (from: number, to: number) => {
    const next = values.toSpliced(from, 1);
    change(next.toSpliced(to, 0, ...values.slice(from, from + 1)));
  };
  const remove = (index: number) => {
    uploads.remove(values[index]);
    change(values.toSpliced(index, 1));
    input.current?.focus();
  };
  // `GroupHeader` shows the errors of the list itself.
  const itemErrors = showsAll
    ? getErrorsAt(
        errors.filter((error) => error.pointer !== pointer),
        pointer,
        true,
      )
    : [];
  const id = registry.globalFormOptions.idPrefix + encodeURIComponent(pointer);
  const shownErrors = [...faults, ...itemErrors];
  return (
    <fieldset className="jf-group jf-files" part="group" data-pointer={pointer}>
      <GroupHeader {...{ schema, pointer, required }} fieldKey={key} isNamed={isOption || isEntry} />
      <DropZone
        ref={input}
        rule={getFileRule(items)}
        text="Choose files or drop them here"
        isMultiple
        name={`Add files to ${label}`}
        attributes={{
          id,
          required: false,
          disabled: isDisabled,
          "aria-describedby": shownErrors.length > 0 ? `${id}.error` : undefined,
          "aria-invalid": shownErrors.length > 0 ? true : undefined,
          onBlur: () => {},
          onInvalid: () => {},
        }}
        onFiles={choose}
      />
      {shownErrors.length > 0 && (
        <p className="jf-error" part="field-error" id={`${id}.error`} role="alert">
          {shownErrors.join(" ")}
        </p>
      )}
      {values.length > 0 && (
        <ol className="jf-items">
          {values.map((value, index) => (
            // The key of an upload is unique, but the initial payload may contain a file twice.
            <li key={`${value} ${values.indexOf(value) === index ? "" : index}`} className="jf-file-item">
              <FileEntry value={value}>
                <ListTools
                  index={index}
                  count={values.length}
                  isDisabled={isDisabled}
                  onMove={(to) => move(index, to)}
                  onRemove={() => remove(index)}
                />
              </FileEntry>
            </li>
          ))}
        </ol>
      )}
    </fieldset>
  );
};
