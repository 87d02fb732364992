import * as z from "zod";

const Schema = z.record(z.string(), z.unknown());
const Content = z.record(z.string(), z.object({ schema: Schema }));
const Item = z.object({
  operationId: z.string(),
  parameters: z.array(
    z.object({ name: z.string(), in: z.enum(["path", "query", "header"]), schema: Schema }),
  ),
  requestBody: z.object({ content: Content }).optional(),
  responses: z.record(z.string(), z.object({ content: Content.optional() })),
});
const Document = z.object({ paths: z.record(z.string(), z.record(z.string(), Item)) });

/** One operation of the OpenAPI document. */
export interface Target {
  /** The operation's key in `operations` or `streams` of the protocol. */
  readonly name: string;
  readonly method: string;
  /** Contains `{name}` for each parameter. */
  readonly path: string;
  readonly query: readonly (readonly [name: string, schema: unknown])[];
  readonly body: unknown;
  readonly statuses: readonly number[];
  /** Whether a successful response is a stream of server-sent events. */
  readonly isStream: boolean;
}

export const readTargets = (document: unknown): Target[] =>
  Object.entries(Document.parse(document).paths).flatMap(([path, items]) =>
    Object.entries(items).map(([method, { operationId, parameters, requestBody, responses }]) => ({
      name: operationId,
      method: method.toUpperCase(),
      path,
      query: parameters
        .filter((one) => one.in === "query")
        .map(({ name, schema }) => [name, schema] as const),
      body: requestBody?.content["application/json"]?.schema,
      statuses: Object.keys(responses).map(Number),
      isStream: responses["200"]?.content?.["text/event-stream"] !== undefined,
    })),
  );
