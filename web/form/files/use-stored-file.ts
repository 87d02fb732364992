import { useEffect, useState } from "react";
import type { StoredFile } from "../../../protocol/tasks/file.ts";
import { parseFileReference } from "../../../protocol/tasks/file.ts";
import { callServer } from "../../api/call-server.ts";
import { createNoResponseFailure, Failure } from "../../api/failure.ts";
import { useUploads } from "./form-uploads.ts";

/** A file of a payload, or the error that occurred when it was read. */
export interface StoredFileState {
  readonly file?: StoredFile;
  readonly failure?: Failure;
}

const NOT_A_REFERENCE = new Failure(
  400,
  "Not a file",
  "The value is not a reference such as files/<id>. Choose a file.",
);

/** Reads the file to which a value of the initial payload refers. */
export const useStoredFile = (reference: string): StoredFileState => {
  const server = useUploads()?.target.server;
  const id = parseFileReference(reference);
  const [state, setState] = useState<StoredFileState>({});
  useEffect(() => {
    if (server === undefined || id === undefined) return;
    const abort = new AbortController();
    callServer(server, ["readFile", { params: { file_id: id } }], { signal: abort.signal }).then(
      (file) => setState({ file }),
      (error: unknown) => {
        if (abort.signal.aborted) return;
        setState({ failure: error instanceof Failure ? error : createNoResponseFailure() });
      },
    );
    return () => abort.abort();
  }, [server, id]);
  return id === undefined ? { failure: NOT_A_REFERENCE } : state;
};
