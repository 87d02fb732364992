import type { FieldError, TaskDefaults } from "../../../protocol/index.ts";

/**
 * The options of a submit as the user typed them. An empty text selects the default of the job or
 * of the server.
 */
export interface TypedOptions {
  readonly priority: string;
  readonly delay_seconds: string;
  readonly max_attempts: string;
  readonly timeout_seconds: string;
}

export type OptionName = keyof TypedOptions;

export const NO_OPTIONS: TypedOptions = {
  priority: "",
  delay_seconds: "",
  max_attempts: "",
  timeout_seconds: "",
};

/** Label and hint of each option. */
export const OPTION_TEXTS: Record<OptionName, { readonly label: string; readonly hint: string }> = {
  priority: { label: "Priority", hint: "−100 to 100, higher runs first" },
  delay_seconds: { label: "Delay, in seconds", hint: "before a worker can claim the task" },
  max_attempts: { label: "Attempts", hint: "maximum number of attempts" },
  timeout_seconds: { label: "Timeout, in seconds", hint: "an attempt that exceeds it fails" },
};

/**
 * Returns the placeholder of an empty option: the default that applies if the option stays empty.
 */
export const getPlaceholder = (name: OptionName, defaults: TaskDefaults): string => {
  const own = defaults[name];
  if (own !== undefined && own !== null) return String(own);
  return { priority: "0", delay_seconds: "0", max_attempts: "1", timeout_seconds: "none" }[name];
};

/** Converts the typed options to request options. The server validates them. */
export const toRequestOptions = (typed: TypedOptions): Partial<Record<OptionName, number>> =>
  Object.fromEntries(
    Object.entries(typed)
      .filter(([, text]) => text.trim() !== "")
      .map(([name, text]) => [name, Number(text)]),
  );

/** Returns the first validation error of an option. */
export const findOptionError = (name: OptionName, errors: readonly FieldError[]): string | undefined =>
  errors.find(({ pointer }) => pointer === `/${name}`)?.detail;
