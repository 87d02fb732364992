import { useRef, useState } from "react";
import { type ControlProps, getEmptyValue } from "../leaf/control.ts";
import { TextControl } from "../leaf/text-control.tsx";
import { DropZone } from "./drop-zone.tsx";
import { FileEntry } from "./file-entry.tsx";
import { chooseMediaType, findFileError, getFileRule } from "./file-rule.ts";
import { useUploads } from "./form-uploads.ts";

/** Edits the reference of a file without a connection to a server. */
const ReferenceControl = (props: ControlProps) => (
  <>
    <TextControl {...props} />
    <p className="jf-hint">
      To upload a file, this form needs the connection to a joblib server and a room. Enter the reference of
      an uploaded file, files/&lt;id&gt;.
    </p>
  </>
);

/**
 * Uploads a file. The value is the key of the upload until the form is submitted, and then the
 * reference of the file.
 */
export const FileControl = (props: ControlProps) => {
  const { schema, value, label, attributes, onChange } = props;
  const uploads = useUploads();
  const input = useRef<HTMLInputElement>(null);
  const [error, setError] = useState("");
  if (uploads === undefined) return <ReferenceControl {...props} />;

  const rule = getFileRule(schema);
  const { readOnly, ...rest } = attributes;
  const isEmpty = typeof value !== "string" || value === "";
  const choose = (files: readonly File[]) => {
    const [file, ...others] = files;
    if (file === undefined) return;
    if (others.length > 0) return setError("This field takes only one file. Choose one of them.");
    const mediaType = chooseMediaType(file, rule);
    const fault = findFileError(file, mediaType, rule);
    setError(fault ?? "");
    if (fault !== undefined) return;
    uploads.remove(value);
    onChange(uploads.add({ file, mediaType }));
  };
  const remove = () => {
    uploads.remove(value);
    setError("");
    onChange(getEmptyValue(schema));
    // The focused button disappears.
    input.current?.focus();
  };
  return (
    <div className="jf-files">
      <DropZone
        ref={input}
        rule={rule}
        text={isEmpty ? "Choose a file or drop it here" : "Replace the file: choose another or drop it here"}
        isMultiple={false}
        attributes={{ ...rest, required: rest.required && isEmpty, disabled: rest.disabled || readOnly }}
        onFiles={choose}
      />
      {error !== "" && (
        <p className="jf-error" role="alert">
          {error}
        </p>
      )}
      {!isEmpty && (
        <FileEntry key={value} value={value}>
          <button
            type="button"
            className="jf-button jf-quiet"
            part="remove"
            aria-label={`Remove the file of ${label}`}
            disabled={rest.disabled || readOnly}
            onClick={remove}
          >
            Remove
          </button>
        </FileEntry>
      )}
    </div>
  );
};
