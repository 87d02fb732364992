import type { InferEntity } from "@mikro-orm/core";
import type { Job } from "../../protocol/index.ts";
import { type CamelCase, isReadAsText, type SnakeCase, type SqlType, toProperty } from "./column-types.ts";
import type { JobEntity } from "./entities/job.ts";

interface JobOption {
  readonly type: SqlType;
  /** The value that responses leave out. */
  readonly usual?: string;
}

type EntityColumn = SnakeCase<Extract<keyof InferEntity<typeof JobEntity>, string>>;

/** The columns of a job that every registration sets again, in the order of the members in responses. */
export const JOB_OPTIONS = {
  description: { type: "text" },
  defaults: { type: "jsonb" },
  fairness: { type: "text", usual: "fifo" },
} as const satisfies { readonly [Name in EntityColumn & keyof Job]?: JobOption };

type OptionName = keyof typeof JOB_OPTIONS;

type OptionValue<Name extends OptionName> = Exclude<Job[Name], undefined>;

/** The options of a job. */
export type JobOptions = { readonly [Name in OptionName as CamelCase<Name>]: OptionValue<Name> };

/** The values of the columns. JSON is text. */
export type JobOptionValues = {
  readonly [Name in OptionName]: (typeof JOB_OPTIONS)[Name]["type"] extends "jsonb"
    ? string
    : OptionValue<Name>;
};

interface NamedOption extends JobOption {
  readonly name: OptionName;
  readonly property: keyof JobOptions;
}

/** The options with the names of their columns and properties. */
export const NAMED_JOB_OPTIONS: readonly NamedOption[] = Object.entries<JobOption>(JOB_OPTIONS).map(
  ([name, option]) => ({ ...option, name: name as OptionName, property: toProperty(name as OptionName) }),
);

/** Converts the columns of a row. */
export function toJobOptions(row: JobOptionValues): JobOptions {
  const options: Partial<Record<keyof JobOptions, unknown>> = {};
  for (const { name, property, type } of NAMED_JOB_OPTIONS) {
    const value = row[name];
    options[property] = isReadAsText(type) && typeof value === "string" ? JSON.parse(value) : value;
  }
  // All options are set, because the row has the same columns.
  return options as JobOptions;
}

/** Converts options to the members of a response. */
export function toWireOptions(options: JobOptions): Pick<Job, OptionName> {
  const members: Partial<Record<OptionName, unknown>> = {};
  for (const { name, property, usual } of NAMED_JOB_OPTIONS) {
    if (usual === undefined || options[property] !== usual) members[name] = options[property];
  }
  return members as Pick<Job, OptionName>;
}
