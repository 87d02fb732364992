import type { StoredFile } from "../../../protocol/index.ts";
import { createNoResponseFailure, Failure } from "../../api/failure.ts";
import { createFile, type UploadTarget, uploadContent } from "../../files/upload/upload-file.ts";
import type { UploadQueue } from "./upload-queue.ts";

/** The state of an upload. A `stopped` upload was cancelled by the user, and can continue. */
export type UploadState =
  | { readonly status: "waiting" | "stopped" }
  | { readonly status: "uploading" | "interrupted"; readonly sent: number }
  | { readonly status: "complete"; readonly stored: StoredFile }
  | { readonly status: "failed"; readonly failure: Failure };

/** The file that a user chose, and its media type. */
export interface ChosenFile {
  readonly file: File;
  readonly mediaType: string;
}

/** The upload of one file of a form. After it was stopped, it can continue at the same offset. */
export class FormUpload {
  readonly chosen: ChosenFile;
  readonly #target: UploadTarget;
  readonly #queue: UploadQueue;
  readonly #listeners = new Set<() => void>();
  #state: UploadState = { status: "waiting" };
  #created: StoredFile | undefined;
  #abort: AbortController | undefined;

  constructor(target: UploadTarget, queue: UploadQueue, chosen: ChosenFile) {
    this.#target = target;
    this.#queue = queue;
    this.chosen = chosen;
  }

  readonly getState = (): UploadState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Starts or continues the upload. Does nothing while it runs, and after its end. */
  readonly start = (): void => {
    if (this.#abort !== undefined || this.#state.status === "complete") return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#setState({ status: "waiting" });
    void this.#run(abort.signal).then(
      (state) => this.#end(abort, state),
      (error: unknown) => this.#end(abort, this.#toFailedState(error)),
    );
  };

  readonly stop = (): void => {
    if (this.#abort === undefined) return;
    this.#abort.abort();
    this.#end(this.#abort, { status: "stopped" });
  };

  /** Resolves with the state in which the upload stops to run. */
  async waitForEnd(): Promise<UploadState> {
    while (this.#abort !== undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const unsubscribe = this.subscribe(resolve);
      await promise;
      unsubscribe();
    }
    return this.#state;
  }

  async #run(signal: AbortSignal): Promise<UploadState> {
    const release = await this.#queue.enter(signal);
    try {
      const { file, mediaType } = this.chosen;
      this.#setState({ status: "uploading", sent: 0 });
      const { name, size } = file;
      this.#created ??= await createFile(this.#target, { name, size, mediaType }, signal);
      const stored = await uploadContent({
        server: this.#target.server,
        file: this.#created,
        content: file,
        signal,
        onProgress: (sent) => this.#report(signal, { status: "uploading", sent }),
        onRetry: () => this.#report(signal, { status: "interrupted", sent: this.#getSent() }),
      });
      return { status: "complete", stored };
    } finally {
      release();
    }
  }

  #getSent(): number {
    return "sent" in this.#state ? this.#state.sent : 0;
  }

  #toFailedState(error: unknown): UploadState {
    const failure = error instanceof Failure ? error : createNoResponseFailure();
    // The server deletes files that no task has after some time. A retry creates the file again.
    if (failure.status === 404) this.#created = undefined;
    return { status: "failed", failure };
  }

  #report(signal: AbortSignal, state: UploadState): void {
    if (!signal.aborted) this.#setState(state);
  }

  /** Ends a run, unless another one has started since. */
  #end(abort: AbortController, state: UploadState): void {
    if (this.#abort !== abort) return;
    this.#abort = undefined;
    this.#setState(state);
  }

  #setState(state: UploadState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener();
  }
}
