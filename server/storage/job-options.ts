import type { InferEntity } from "@mikro-orm/core";
import type { Job } from "../../protocol/index.ts";
import type { JobEntity } from "./entities.ts";
import { isReadAsText, type SnakeCase, type SqlType } from "./task-columns.ts";

interface JobOption {
  readonly type: SqlType;
  /** Responses omit the option if it has this value. */
  readonly omittedValue?: string;
}

type EntityColumn = SnakeCase<Extract<keyof InferEntity<typeof JobEntity>, string>>;

/**
 * The columns that each registration of a job overwrites, in the order of the members in responses.
 */
const JOB_OPTIONS = {
  description: { type: "text" },
  defaults: { type: "jsonb" },
  fairness: { type: "text", omittedValue: "fifo" },
} as const satisfies { readonly [Name in EntityColumn & keyof Job]?: JobOption };

type OptionName = keyof typeof JOB_OPTIONS;

/** The options of a job. They have the same names in the database and in the API. */
export type JobOptions = { readonly [Name in OptionName]: Exclude<Job[Name], undefined> };

export type JobOptionValues = {
  readonly [Name in OptionName]: (typeof JOB_OPTIONS)[Name]["type"] extends "jsonb"
    ? string
    : JobOptions[Name];
};

export const JOB_OPTION_COLUMNS: readonly (JobOption & { readonly name: OptionName })[] =
  Object.entries<JobOption>(JOB_OPTIONS).map(([name, option]) => ({ ...option, name: name as OptionName }));

export function toJobOptions(row: JobOptionValues): JobOptions {
  const options = JOB_OPTION_COLUMNS.map(({ name, type }) => {
    const value = row[name];
    return [name, isReadAsText(type) && typeof value === "string" ? JSON.parse(value) : value];
  });
  return Object.fromEntries(options);
}

export function toWireOptions(options: JobOptions): Pick<Job, OptionName> {
  const members = JOB_OPTION_COLUMNS.filter(
    ({ name, omittedValue }) => omittedValue === undefined || options[name] !== omittedValue,
  );
  return Object.fromEntries(members.map(({ name }) => [name, options[name]])) as Pick<Job, OptionName>;
}
