import * as z from "zod";
import { ACCESS_RULES } from "./access.ts";
import { answerSchema, COMMON_PROBLEMS, type Operation } from "./operation.ts";
import { operations } from "./operations.ts";
import { PROBLEMS, ProblemDocument, type ProblemId } from "./problem.ts";
import { type StreamOperation, streams } from "./streams.ts";

/** A JSON Schema as zod writes it; `input` is what a client may send, `output` what it gets. */
const jsonSchema = (schema: z.ZodType, io: "input" | "output"): Record<string, unknown> => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
};

const content = (type: string, schema: unknown) => ({ content: { [type]: { schema } } });

const propertiesOf = (schema: z.ZodType): [string, unknown][] => {
  const properties = jsonSchema(schema, "input")["properties"];
  return typeof properties === "object" && properties !== null ? Object.entries(properties) : [];
};

const parameters = (entry: Pick<Operation, "params" | "query" | "headers">): unknown[] => [
  ...(entry.params ? propertiesOf(entry.params) : []).map(([name, schema]) => ({
    name,
    in: "path",
    required: true,
    schema,
  })),
  ...(entry.query ? propertiesOf(entry.query) : []).map(([name, schema]) => ({ name, in: "query", schema })),
  ...Object.entries(entry.headers ?? {}).map(([name, description]) => ({
    name,
    in: "header",
    description,
    schema: { type: "string" },
  })),
];

const problemResponses = (entry: Pick<Operation, "problems">): Record<string, unknown> => {
  const byStatus = new Map<number, ProblemId[]>();
  for (const id of new Set<ProblemId>([...COMMON_PROBLEMS, ...entry.problems])) {
    const { status } = PROBLEMS[id];
    byStatus.set(status, [...(byStatus.get(status) ?? []), id]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, ids]) => [
      String(status),
      {
        description: ids.map((id) => `${id}: ${PROBLEMS[id].title}`).join("; "),
        ...content("application/problem+json", { $ref: "#/components/schemas/Problem" }),
      },
    ]),
  );
};

const answers = (entry: Operation): Record<string, unknown> =>
  Object.fromEntries(
    Object.keys(entry.responses).map((status) => {
      const schema = answerSchema(entry, Number(status));
      const body = schema ? content("application/json", jsonSchema(schema, "output")) : {};
      return [status, { description: entry.summary, ...body }];
    }),
  );

const pathItem = (name: string, entry: Operation) => ({
  operationId: name,
  summary: entry.summary,
  description: `Who may: ${ACCESS_RULES[entry.access]}.`,
  parameters: parameters(entry),
  ...(entry.body
    ? {
        requestBody: {
          required: entry.bodyOptional !== true,
          ...content("application/json", jsonSchema(entry.body, "input")),
        },
      }
    : {}),
  responses: { ...answers(entry), ...problemResponses(entry) },
  ...(entry.access === "anyone" ? { security: [] } : {}),
});

/** A stream: OpenAPI 3.1 has no words for its events, so each event's data stands in the description of the text. */
const streamItem = (name: string, entry: StreamOperation) => ({
  operationId: name,
  summary: entry.summary,
  description: `Server-sent events: ${Object.keys(entry.events).join(", ")}. Who may: ${ACCESS_RULES[entry.access]}.`,
  parameters: parameters(entry),
  responses: {
    200: { description: entry.summary, ...content("text/event-stream", { type: "string" }) },
    ...problemResponses(entry),
  },
  "x-events": Object.fromEntries(
    Object.entries(entry.events).map(([event, schema]) => [event, jsonSchema(schema, "output")]),
  ),
});

/** The OpenAPI 3.1 document of the whole API, as it stands under `prefix`. */
export const openApiDocument = (version: string, prefix = ""): Record<string, unknown> => {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [name, entry] of Object.entries<Operation>(operations)) {
    const path = prefix + entry.path.replace(/:([a-z_]+)/g, "{$1}");
    paths[path] = { ...paths[path], [entry.method.toLowerCase()]: pathItem(name, entry) };
  }
  for (const [name, entry] of Object.entries<StreamOperation>(streams)) {
    paths[prefix + entry.path.replace(/:([a-z_]+)/g, "{$1}")] = { get: streamItem(name, entry) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "joblib", version, license: { name: "MIT", identifier: "MIT" } },
    paths,
    components: {
      schemas: { Problem: jsonSchema(ProblemDocument, "output") },
      securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
    },
    security: [{ bearer: [] }],
  };
};
