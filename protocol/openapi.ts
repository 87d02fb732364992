import * as z from "zod";
import { ACCESS_RULES } from "./access.ts";
import { COMMON_PROBLEMS, getResponseSchema, type Operation } from "./operation.ts";
import { operations } from "./operations.ts";
import { PROBLEMS, ProblemDocument, type ProblemId } from "./problem.ts";
import { type StreamOperation, streams } from "./streams.ts";

/** Returns the JSON Schema of a zod schema; `input` for requests, `output` for responses. */
const jsonSchema = (schema: z.ZodType, io: "input" | "output"): Record<string, unknown> => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
};

const content = (type: string, schema: unknown) => ({ content: { [type]: { schema } } });

const getProperties = (schema: z.ZodType): [string, unknown][] => {
  const properties = jsonSchema(schema, "input")["properties"];
  return typeof properties === "object" && properties !== null ? Object.entries(properties) : [];
};

const parameters = (entry: Pick<Operation, "params" | "query" | "headers">): unknown[] => [
  ...(entry.params ? getProperties(entry.params) : []).map(([name, schema]) => ({
    name,
    in: "path",
    required: true,
    schema,
  })),
  ...(entry.query ? getProperties(entry.query) : []).map(([name, schema]) => ({ name, in: "query", schema })),
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
      const schema = getResponseSchema(entry, Number(status));
      const body = schema ? content("application/json", jsonSchema(schema, "output")) : {};
      return [status, { description: entry.summary, ...body }];
    }),
  );

const pathItem = (name: string, entry: Operation) => ({
  operationId: name,
  summary: entry.summary,
  description: `Access: ${ACCESS_RULES[entry.access]}.`,
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

/** Describes a stream. OpenAPI 3.1 cannot describe server-sent events, so their schemas are in `x-events`. */
const streamItem = (name: string, entry: StreamOperation) => ({
  operationId: name,
  summary: entry.summary,
  description: `Server-sent events: ${Object.keys(entry.events).join(", ")}. Access: ${ACCESS_RULES[entry.access]}.`,
  parameters: parameters(entry),
  responses: {
    200: { description: entry.summary, ...content("text/event-stream", { type: "string" }) },
    ...problemResponses(entry),
  },
  "x-events": Object.fromEntries(
    Object.entries(entry.events).map(([event, schema]) => [event, jsonSchema(schema, "output")]),
  ),
});

/** Returns the OpenAPI 3.1 document of the API, mounted under `prefix`. */
export const createOpenApiDocument = (version: string, prefix = ""): Record<string, unknown> => {
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
