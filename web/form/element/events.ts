import type { JsonObject, JsonValue, SubmittedTask, Task } from "../../../protocol/index.ts";
import type { Failure } from "../../api/failure.ts";

/** What `<joblib-form>` tells its page, by the names of its events. */
export interface JoblibFormEvents {
  /** A payload is about to be sent; `preventDefault()` keeps it. */
  readonly "joblib-submit": { readonly payload: JsonObject };
  /** The task as it stands, after every change. */
  readonly "joblib-update": { readonly task: Task | SubmittedTask };
  /** The task is completed. */
  readonly "joblib-result": { readonly task: Task; readonly result: JsonValue };
  /** The task has failed, or a request was refused or had no answer. */
  readonly "joblib-error": { readonly task?: Task; readonly failure?: Failure; readonly message: string };
}

/** Tells the page; false where it has said no. */
export type FormEventDispatcher = <Name extends keyof JoblibFormEvents>(
  name: Name,
  detail: JoblibFormEvents[Name],
) => boolean;

/** Which server, which job of which room, and what it is begun with. */
export interface FormConfig {
  readonly server: string;
  readonly room: string;
  readonly job: string;
  readonly initial: JsonObject | undefined;
  /** Grows when the page has another token to give. */
  readonly turn: number;
  readonly submitLabel: string | undefined;
}
