import * as z from "zod";
import { JsonObject } from "../json.ts";
import { API_PATH, createWaitHeader, operation, type TransferOperation } from "../operation.ts";
import { WorkerParams } from "../workers.ts";
import { MAX_ANSWER_TTL_SECONDS, ProviderParams } from "./provider.ts";

export const MAX_READS_PER_CLAIM = 32;
/** Maximum length of the query string of a read, in characters. */
export const MAX_READ_QUERY_LENGTH = 8192;
/** Seconds for which a read waits for its answer if the request has no `Prefer: wait`. */
export const DEFAULT_READ_WAIT_SECONDS = 10;

/** The request header with which a worker allows an answer to be cached, in seconds. */
export const ANSWER_TTL_HEADER = "joblib-answer-ttl";

export const AnswerTtl = z.coerce.number().min(0).max(MAX_ANSWER_TTL_SECONDS);

/** A read, which is a request to a provider, as a worker receives it. */
export const Read = z.object({
  id: z.string(),
  provider_id: z.string(),
  params: JsonObject.describe("the parameters; they match the provider's schema"),
});
export type Read = z.infer<typeof Read>;

const ReadParams = WorkerParams.extend({ read_id: z.string().max(100) });

export const claimReads = operation({
  method: "POST",
  path: `${API_PATH}/workers/:worker_id/reads/claim`,
  summary: "Claim the next reads: requests to the worker's providers",
  access: "worker-owner",
  retryable: true,
  params: WorkerParams,
  body: z.object({ limit: z.int().min(1).max(MAX_READS_PER_CLAIM) }),
  headers: createWaitHeader("a read can be claimed"),
  responses: { 200: z.object({ reads: z.array(Read) }) },
  responseDescriptions: { 200: "The claimed reads; empty if there were none." },
  problems: ["worker-not-found"],
});

export const failRead = operation({
  method: "POST",
  path: `${API_PATH}/workers/:worker_id/reads/:read_id/failure`,
  summary: "Report that a claimed read cannot be answered; the waiting clients receive the reason",
  access: "worker-owner",
  retryable: true,
  params: ReadParams,
  body: z.object({
    reason: z
      .enum(["not-found", "failed"])
      .describe("`not-found`: the provider has no data for these parameters (404); `failed`: an error (502)"),
    detail: z.string().max(1000),
  }),
  responses: { 204: null },
  responseDescriptions: { 204: "The failure was sent to the waiting clients." },
  problems: ["worker-not-found", "read-lost"],
});

export const invalidateAnswers = operation({
  method: "POST",
  path: `${API_PATH}/workers/:worker_id/providers/:provider_id/invalidation`,
  summary: "Remove cached answers of a provider, for example because a file has changed",
  access: "worker-owner",
  retryable: true,
  params: WorkerParams.extend({ provider_id: z.string().max(100) }),
  body: z.object({
    params: JsonObject.optional().describe("only the answer to these parameters; by default, all answers"),
  }),
  bodyOptional: true,
  responses: { 204: null },
  responseDescriptions: { 204: "The answers are no longer cached." },
  problems: ["worker-not-found", "provider-not-found"],
});

export const readOperations = { claimReads, failRead, invalidateAnswers } as const;

/** The operations that transfer answers of providers. */
export const readTransfers = {
  readFromProvider: {
    method: "GET",
    path: `${API_PATH}/rooms/:room_id/providers/:provider_name`,
    summary: "Read from a provider: a worker answers, or the answer comes from the cache",
    access: "room-read",
    params: ProviderParams,
    content: "response",
    headers: {
      prefer: `\`wait=N\`: wait for the answer for up to N seconds, default ${DEFAULT_READ_WAIT_SECONDS} (RFC 7240)`,
      "if-none-match": "an `ETag`; if the answer still has it, the response is a 304",
    },
    responseDescriptions: {
      200: "The answer, in the content type of the provider. `Age` is present if it was cached.",
      304: "The answer has the ETag in `If-None-Match`.",
    },
    problems: [
      "invalid-room-id",
      "provider-not-found",
      "answer-not-found",
      "read-failed",
      "provider-offline",
      "provider-timeout",
    ],
  },
  answerRead: {
    method: "PUT",
    path: `${API_PATH}/workers/:worker_id/reads/:read_id`,
    summary: "Answer a claimed read; the body is streamed to the waiting clients",
    access: "worker-owner",
    params: ReadParams,
    content: "request",
    headers: {
      [ANSWER_TTL_HEADER]: "seconds for which servers may cache the answer; 0 if it is missing",
      etag: "the ETag of the answer; if it is missing, the server uses a hash of the whole answer",
    },
    responseDescriptions: { 204: "The answer was received." },
    problems: ["worker-not-found", "read-lost"],
  },
} as const satisfies Record<string, TransferOperation>;
