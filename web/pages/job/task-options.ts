import type { FieldError, TaskDefaults } from "../../../protocol/index.ts";

/** The options of a submit as somebody types them; empty: what the job says, or the server. */
export interface TypedOptions {
  readonly priority: string;
  readonly delay_seconds: string;
  readonly max_attempts: string;
  readonly timeout_seconds: string;
}

export type OptionName = keyof TypedOptions;

/** None typed. */
export const NO_OPTIONS: TypedOptions = {
  priority: "",
  delay_seconds: "",
  max_attempts: "",
  timeout_seconds: "",
};

/** What each option is called, and means. */
export const OPTION_TEXTS: Record<OptionName, { readonly label: string; readonly hint: string }> = {
  priority: { label: "Priority", hint: "−100 to 100, higher first" },
  delay_seconds: { label: "Delay, in seconds", hint: "not claimed before" },
  max_attempts: { label: "Attempts", hint: "how often it may be started" },
  timeout_seconds: { label: "Time limit, in seconds", hint: "running longer is a failure" },
};

/** What stands where nothing is typed. */
export const placeholderOf = (name: OptionName, defaults: TaskDefaults): string => {
  const own = defaults[name];
  if (own !== undefined && own !== null) return String(own);
  return { priority: "0", delay_seconds: "0", max_attempts: "1", timeout_seconds: "none" }[name];
};

/** The typed options as the request has them; the server says which do not fit. */
export const optionsBody = (typed: TypedOptions): Partial<Record<OptionName, number>> =>
  Object.fromEntries(
    Object.entries(typed)
      .filter(([, text]) => text.trim() !== "")
      .map(([name, text]) => [name, Number(text)]),
  );

/** The first fault of an option. */
export const faultOf = (name: OptionName, errors: readonly FieldError[]): string | undefined =>
  errors.find(({ pointer }) => pointer === `/${name}`)?.detail;
