import type { Job } from "../../protocol/job.ts";
import type { JsonObject } from "../../protocol/json.ts";
import { localizeReferences } from "../../protocol/local-references.ts";
import { cleanSchema, escapeComment } from "./clean-schema.ts";

const OPTIONS = {
  bannerComment: "",
  style: { printWidth: 76 },
  additionalProperties: false,
  unreachableDefinitions: false,
  // A stranger's schema refers to nothing outside of itself.
  $refOptions: { resolve: { external: false, file: false, http: false } },
} as const;

const UNKNOWN = {
  Payload: "export type Payload = Record<string, unknown>",
  Result: "export type Result = unknown",
};

/** Returns a schema as declarations, one of which is called `name`; a schema that has no type becomes `unknown`. */
const declarations = async (schema: JsonObject, name: keyof typeof UNKNOWN): Promise<string> => {
  const { compile } = await import("json-schema-to-typescript");
  try {
    const text = (await compile(cleanSchema(localizeReferences(schema)), name, OPTIONS)).trim();
    return new RegExp(`^export (type|interface) ${name}\\b`, "m").test(text) ? text : UNKNOWN[name];
  } catch {
    return `/** Its schema says more than a type can. */\n${UNKNOWN[name]}`;
  }
};

const indented = (text: string, by: string) => text.replace(/^(?=.)/gm, by);

const comment = (text: string | null): string => {
  if (text === null || text.trim() === "") return "";
  return [
    "/**",
    ...escapeComment(text)
      .trim()
      .split("\n")
      .map((line) => ` * ${line}`.trimEnd()),
    " */",
    "",
  ].join("\n");
};

interface JobText {
  readonly entry: string;
  readonly namespace: string;
}

const jobText = async (job: Job, index: number): Promise<JobText> => {
  const own = `job${index + 1}`;
  const payload = await declarations(job.schema, "Payload");
  const result = job.result_schema === null ? undefined : await declarations(job.result_schema, "Result");
  const resultType = result === undefined ? "JsonValue" : `${own}.result.Result`;
  const parts = [
    `namespace payload {\n${indented(payload, "  ")}\n}`,
    ...(result === undefined ? [] : [`namespace result {\n${indented(result, "  ")}\n}`]),
  ];
  const entry = `${JSON.stringify(job.full_name)}: { payload: ${own}.payload.Payload; result: ${resultType} };`;
  return {
    entry: comment(job.description) + entry,
    namespace: `declare namespace ${own} {\n${indented(parts.join("\n"), "  ")}\n}`,
  };
};

/** The types of jobs as a module: an interface `Jobs`, which a `JobManager` takes; `room` is where they are seen from. */
export const generateTypes = async (jobs: readonly Job[], room: string): Promise<string> => {
  const sorted = jobs.toSorted((one, other) => (one.full_name < other.full_name ? -1 : 1));
  const texts = await Promise.all(sorted.map(jobText));
  const usesJson = jobs.some(({ result_schema }) => result_schema === null);
  return [
    `// The jobs that the room ${JSON.stringify(room)} sees, written by \`joblib types\`: write it anew rather than edit it.`,
    ...(usesJson ? ['import type { JsonValue } from "joblib";'] : []),
    "",
    "/** For `new JobManager<unknown, Jobs>()`. */",
    "export interface Jobs {",
    ...texts.map(({ entry }) => indented(entry, "  ")),
    "}",
    "",
    ...texts.map(({ namespace }) => namespace),
    "export {};",
    "",
  ].join("\n");
};
