import { createContext, use } from "react";
import { isJsonObject, type JsonObject, type JsonValue } from "../../../protocol/json.ts";
import { formatFileReference } from "../../../protocol/tasks/file.ts";
import { createSubmitKey } from "../../api/submit-key.ts";
import type { UploadTarget } from "../../files/upload/upload-file.ts";
import { type ChosenFile, FormUpload } from "./form-upload.ts";
import { UploadQueue } from "./upload-queue.ts";

/**
 * The value that represents an unfinished upload when a payload is validated. The validation checks
 * only that it matches the schema.
 */
const UNKNOWN_REFERENCE = formatFileReference("00000000-0000-0000-0000-000000000000");

/** Returns a copy of a value in which each string is replaced. */
const replaceStrings = (value: JsonValue, replace: (text: string) => string): JsonValue => {
  if (typeof value === "string") return replace(value);
  if (Array.isArray(value)) return value.map((item) => replaceStrings(item, replace));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, replaceStrings(member, replace)]),
  );
};

/**
 * The uploads of a form. While a file is being uploaded, the value of its field is the key of the
 * upload, which is replaced by the reference of the file before the payload leaves the form. Items
 * of a list keep their uploads when they are moved.
 */
export class FormUploads {
  readonly target: UploadTarget;
  readonly #uploads = new Map<string, FormUpload>();
  readonly #queue = new UploadQueue();

  constructor(target: UploadTarget) {
    this.target = target;
  }

  /** Starts the upload of a file, and returns its key. */
  add(chosen: ChosenFile): string {
    // The key is random, so that no other text of a payload is equal to it.
    const key = `upload:${createSubmitKey()}`;
    const upload = new FormUpload(this.target, this.#queue, chosen);
    this.#uploads.set(key, upload);
    upload.start();
    return key;
  }

  find(value: unknown): FormUpload | undefined {
    return typeof value === "string" ? this.#uploads.get(value) : undefined;
  }

  /** Stops the upload of a value that the user has removed. */
  remove(value: unknown): void {
    this.find(value)?.stop();
  }

  stopAll(): void {
    for (const upload of this.#uploads.values()) upload.stop();
  }

  /** Returns the uploads in a payload that are not complete. */
  listUnfinished(payload: JsonObject): readonly FormUpload[] {
    const found = new Set<FormUpload>();
    replaceStrings(payload, (text) => {
      const upload = this.find(text);
      if (upload !== undefined && upload.getState().status !== "complete") found.add(upload);
      return text;
    });
    return [...found];
  }

  /**
   * Waits for the unfinished uploads of a payload, and starts those that were stopped or have
   * failed. Returns true if all of them are complete.
   */
  async finish(payload: JsonObject): Promise<boolean> {
    const unfinished = this.listUnfinished(payload);
    for (const upload of unfinished) upload.start();
    const states = await Promise.all(unfinished.map((upload) => upload.waitForEnd()));
    return states.every(({ status }) => status === "complete");
  }

  /** Returns a payload with the references of its files instead of the keys of their uploads. */
  resolve(payload: JsonObject): JsonObject {
    if (this.#uploads.size === 0) return payload;
    return replaceStrings(payload, (text) => {
      const state = this.find(text)?.getState();
      if (state === undefined) return text;
      return state.status === "complete" ? formatFileReference(state.stored.id) : UNKNOWN_REFERENCE;
    }) as JsonObject;
  }
}

const Context = createContext<FormUploads | undefined>(undefined);

export const FormUploadsProvider = Context.Provider;

/** Returns the uploads of the form, or undefined if the form has no connection to a server. */
export const useUploads = (): FormUploads | undefined => use(Context);
