import { useEffect, useMemo, useState } from "react";
import type { JsonObject } from "../../../protocol/json.ts";
import type { UploadTarget } from "../../files/upload/upload-file.ts";
import { FormUploads } from "./form-uploads.ts";

/** The uploads of a form, and the messages about them for the user. */
export interface UploadsOnSubmit {
  /** Undefined if the form has no connection to a server. */
  readonly uploads: FormUploads | undefined;
  /** True while a submit waits for uploads. */
  readonly isWaiting: boolean;
  readonly notice: string;
  /**
   * Returns true if all uploads of a payload are complete. Otherwise, finishes them and then calls
   * `onComplete`, unless one of them fails or is cancelled.
   */
  readonly checkComplete: (payload: JsonObject, onComplete: () => void) => boolean;
  /** Returns true if the payload can be shown as JSON, and otherwise explains why not. */
  readonly checkShowable: (payload: JsonObject) => boolean;
  /** Returns a payload with references instead of the keys of uploads. */
  readonly resolve: (payload: JsonObject) => JsonObject;
}

const WAITING = "The task is submitted when the uploads are complete.";
const NOT_SHOWABLE = "To edit the payload as JSON, wait until the uploads are complete, or remove the files.";

/** Creates the uploads of a form, and stops them when the form is removed from the page. */
export const useUploadsOnSubmit = (target: UploadTarget | undefined): UploadsOnSubmit => {
  const { server, room } = target ?? {};
  const uploads = useMemo(
    () =>
      server === undefined || room === undefined || room === ""
        ? undefined
        : new FormUploads({ server, room }),
    [server, room],
  );
  const [notice, setNotice] = useState("");
  useEffect(() => () => uploads?.stopAll(), [uploads]);

  const checkComplete = (payload: JsonObject, onComplete: () => void): boolean => {
    setNotice("");
    if (uploads === undefined || uploads.listUnfinished(payload).length === 0) return true;
    setNotice(WAITING);
    void uploads.finish(payload).then((isComplete) => {
      setNotice("");
      if (isComplete) onComplete();
    });
    return false;
  };
  const checkShowable = (payload: JsonObject): boolean => {
    const isShowable = uploads === undefined || uploads.listUnfinished(payload).length === 0;
    setNotice(isShowable ? "" : NOT_SHOWABLE);
    return isShowable;
  };
  return {
    uploads,
    isWaiting: notice === WAITING,
    notice,
    checkComplete,
    checkShowable,
    resolve: (payload) => uploads?.resolve(payload) ?? payload,
  };
};
