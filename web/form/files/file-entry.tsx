import { type ReactNode, useSyncExternalStore } from "react";
import { formatBytes } from "../../files/format-bytes.ts";
import type { FormUpload, UploadState } from "./form-upload.ts";
import { useUploads } from "./form-uploads.ts";
import { useStoredFile } from "./use-stored-file.ts";

const getPercent = (state: UploadState, size: number): number =>
  "sent" in state && size > 0 ? Math.floor((state.sent / size) * 100) : 0;

const describeState = (state: UploadState, size: number): string => {
  switch (state.status) {
    case "waiting":
      return "waiting for other uploads";
    case "uploading":
      return `${getPercent(state, size)} %`;
    case "interrupted":
      return `${getPercent(state, size)} %, connection interrupted, retrying…`;
    case "stopped":
      return "upload cancelled";
    case "complete":
      return "uploaded";
    case "failed":
      return "upload failed";
  }
};

/** Returns the state for screen readers, which would otherwise read every percent. */
const announceState = (name: string, state: UploadState, size: number): string => {
  if (state.status !== "uploading") return `${name}: ${describeState(state, size)}`;
  const percent = getPercent(state, size);
  return `${name}: ${percent - (percent % 25)} % uploaded`;
};

interface FileLineProps {
  readonly name: string;
  readonly facts: readonly string[];
  /** The buttons after the name. */
  readonly children: ReactNode;
}

const FileLine = ({ name, facts, children }: FileLineProps) => (
  <div className="jf-file-line">
    <span className="jf-file-name">{name}</span>
    <span className="jf-unit">{facts.join(" · ")}</span>
    <span className="jf-tools">{children}</span>
  </div>
);

const UploadEntry = ({ upload, children }: { upload: FormUpload; children: ReactNode }) => {
  const state = useSyncExternalStore(upload.subscribe, upload.getState);
  const { file, mediaType } = upload.chosen;
  const { name, size } = file;
  const isRunning = ["waiting", "uploading", "interrupted"].includes(state.status);
  const [action, run] = isRunning ? ["Cancel", upload.stop] : ["Retry", upload.start];
  return (
    <div className={`jf-file is-${state.status}`} part="file">
      <FileLine name={name} facts={[formatBytes(size), mediaType, describeState(state, size)]}>
        {/* One button for both actions, so that it keeps the focus when its action changes. */}
        {state.status !== "complete" && (
          <button
            type="button"
            className="jf-button jf-quiet"
            aria-label={`${action} the upload of ${name}`}
            onClick={run}
          >
            {action}
          </button>
        )}
        {children}
      </FileLine>
      {isRunning && (
        <progress
          aria-label={`Upload of ${name}`}
          max={Math.max(1, size)}
          {...("sent" in state && { value: state.sent })}
        />
      )}
      {state.status === "failed" && (
        <p className="jf-error" role="alert">
          {state.failure.title}: {state.failure.message}
        </p>
      )}
      <span className="jf-unseen" role="status">
        {announceState(name, state, size)}
      </span>
    </div>
  );
};

const StoredEntry = ({ reference, children }: { reference: string; children: ReactNode }) => {
  const { file, failure } = useStoredFile(reference);
  const facts = file === undefined ? [] : [formatBytes(file.size), file.media_type];
  return (
    <div className="jf-file" part="file">
      <FileLine name={file?.name ?? reference} facts={facts}>
        {children}
      </FileLine>
      {failure !== undefined && (
        <p className="jf-error">
          {failure.title}: {failure.message}
        </p>
      )}
    </div>
  );
};

export interface FileEntryProps {
  /** The reference of a file, or the key of an upload. */
  readonly value: string;
  /** The buttons of the entry. */
  readonly children: ReactNode;
}

/** Shows the file of a value: its name, its size, its media type, and the progress of its upload. */
export const FileEntry = ({ value, children }: FileEntryProps) => {
  const upload = useUploads()?.find(value);
  return upload === undefined ? (
    <StoredEntry reference={value}>{children}</StoredEntry>
  ) : (
    <UploadEntry upload={upload}>{children}</UploadEntry>
  );
};
