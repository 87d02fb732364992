import * as z from "zod";
import {
  ACCESS_RULES,
  COMMON_PROBLEMS,
  getResponseSchema,
  type Operation,
  type TransferOperation,
} from "./operation.ts";
import { operations } from "./operations.ts";
import { PROBLEMS, ProblemDocument, type ProblemId } from "./problem.ts";
import { type StreamOperation, streams } from "./streams.ts";
import { transfers } from "./tasks/file-transfers.ts";

/**
 * Returns the JSON Schema of a zod schema: the input type for requests, the output type for
 * responses.
 */
function toJsonSchema(schema: z.ZodType, io: "input" | "output"): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}

function createContent(type: string, schema: unknown) {
  return { content: { [type]: { schema } } };
}

function getProperties(schema: z.ZodType | undefined): [string, unknown][] {
  return schema === undefined ? [] : Object.entries(toJsonSchema(schema, "input")["properties"] ?? {});
}

function createParameters(entry: Pick<Operation, "params" | "query" | "headers">): unknown[] {
  const path = getProperties(entry.params).map(([name, schema]) => ({
    name,
    in: "path",
    required: true,
    schema,
  }));
  const query = getProperties(entry.query).map(([name, schema]) => ({ name, in: "query", schema }));
  const headers = Object.entries(entry.headers ?? {}).map(([name, description]) => ({
    name,
    in: "header",
    description,
    schema: { type: "string" },
  }));
  return [...path, ...query, ...headers];
}

function createProblemResponses(entry: Pick<Operation, "problems">): Record<string, unknown> {
  const ids = new Set<ProblemId>([...COMMON_PROBLEMS, ...entry.problems]);
  const byStatus = Object.entries(Object.groupBy(ids, (id) => PROBLEMS[id].status));
  const content = createContent("application/problem+json", { $ref: "#/components/schemas/Problem" });
  return Object.fromEntries(
    byStatus.map(([status, same = []]) => [
      status,
      { description: same.map((id) => `${id}: ${PROBLEMS[id].title}`).join("; "), ...content },
    ]),
  );
}

function createResponses(entry: Operation): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(entry.responses).map((status) => {
      const schema = getResponseSchema(entry, Number(status));
      const body = schema ? createContent("application/json", toJsonSchema(schema, "output")) : {};
      return [status, { description: entry.responseDescriptions[Number(status)], ...body }];
    }),
  );
}

function createPathItem(name: string, entry: Operation) {
  return {
    operationId: name,
    summary: entry.summary,
    description: `Access: ${ACCESS_RULES[entry.access]}.`,
    parameters: createParameters(entry),
    ...(entry.body
      ? {
          requestBody: {
            required: entry.bodyOptional !== true,
            ...createContent("application/json", toJsonSchema(entry.body, "input")),
          },
        }
      : {}),
    responses: { ...createResponses(entry), ...createProblemResponses(entry) },
    ...(entry.access === "anyone" ? { security: [] } : {}),
  };
}

function describeEvents({ events }: StreamOperation): string {
  const descriptions = Object.entries(events).map(
    ([name, { description = "" }]) => `\`${name}\`: ${description}.`,
  );
  return ["Server-sent events.", ...descriptions].join(" ");
}

/**
 * Describes a stream. OpenAPI 3.1 cannot describe server-sent events, so the schemas of the events
 * are in `x-events`.
 */
function createStreamItem(name: string, entry: StreamOperation) {
  return {
    operationId: name,
    summary: entry.summary,
    description: `${describeEvents(entry)} Access: ${ACCESS_RULES[entry.access]}.`,
    parameters: createParameters(entry),
    responses: {
      200: {
        description: "A stream of server-sent events.",
        ...createContent("text/event-stream", { type: "string" }),
      },
      ...createProblemResponses(entry),
    },
    "x-events": Object.fromEntries(
      Object.entries(entry.events).map(([event, schema]) => [event, toJsonSchema(schema, "output")]),
    ),
  };
}

const BINARY = { "*/*": { schema: { type: "string", format: "binary" } } };

function createTransferItem(name: string, entry: TransferOperation) {
  const { content, responseDescriptions } = entry;
  return {
    operationId: name,
    summary: entry.summary,
    description: `Access: ${ACCESS_RULES[entry.access]}.`,
    parameters: createParameters(entry),
    ...(content === "request" && { requestBody: { required: true, content: BINARY } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(responseDescriptions).map(([status, description]) => [
          status,
          { description, ...(content === "response" && status.startsWith("20") && { content: BINARY }) },
        ]),
      ),
      ...createProblemResponses(entry),
    },
  };
}

/** Returns the OpenAPI 3.1 document of the API that is mounted under `prefix`. */
export function createOpenApiDocument(version: string, prefix = ""): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [name, entry] of Object.entries<Operation>(operations)) {
    const path = prefix + entry.path.replace(/:([a-z_]+)/g, "{$1}");
    paths[path] = { ...paths[path], [entry.method.toLowerCase()]: createPathItem(name, entry) };
  }
  for (const [name, entry] of Object.entries<StreamOperation>(streams)) {
    paths[prefix + entry.path.replace(/:([a-z_]+)/g, "{$1}")] = { get: createStreamItem(name, entry) };
  }
  for (const [name, entry] of Object.entries<TransferOperation>(transfers)) {
    const path = prefix + entry.path.replace(/:([a-z_]+)/g, "{$1}");
    paths[path] = { ...paths[path], [entry.method.toLowerCase()]: createTransferItem(name, entry) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "joblib", version, license: { name: "MIT", identifier: "MIT" } },
    paths,
    components: {
      schemas: { Problem: toJsonSchema(ProblemDocument, "output") },
      securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
    },
    security: [{ bearer: [] }],
  };
}
