import type { JsonObject, JsonValue, SubmittedTask, Task } from "../../../protocol/index.ts";
import type { Failure } from "../../api/failure.ts";

/** The events of `<joblib-form>`, and the type of their `detail`. */
export interface JoblibFormEvents {
  /**
   * Dispatched before a payload is submitted. If a listener calls `preventDefault()`, the submit is
   * cancelled.
   */
  readonly "joblib-submit": { readonly payload: JsonObject };
  /** Dispatched after every change of the task. */
  readonly "joblib-update": { readonly task: Task | SubmittedTask };
  /** Dispatched when the task completes. */
  readonly "joblib-result": { readonly task: Task; readonly result: JsonValue };
  /** Dispatched when the task fails, or when a request is rejected or receives no response. */
  readonly "joblib-error": { readonly task?: Task; readonly failure?: Failure; readonly message: string };
}

/** Dispatches an event. Returns false if a listener called `preventDefault()`. */
export type FormEventDispatcher = <Name extends keyof JoblibFormEvents>(
  name: Name,
  detail: JoblibFormEvents[Name],
) => boolean;

/** The configuration of the element, from its attributes and properties. */
export interface FormConfig {
  readonly server: string;
  readonly room: string;
  readonly job: string;
  readonly initial: JsonObject | undefined;
  /** A number that increases each time the page sets another token. */
  readonly tokenVersion: number;
  readonly submitLabel: string | undefined;
}
