import { Agent } from "undici";
import { Random } from "../support/random.ts";
import { checkResponse, type FuzzResponse } from "./check-response.ts";
import { createFuzzedRequest, type FuzzedRequest } from "./fuzzed-request.ts";
import type { KnownEntities } from "./known-entities.ts";
import type { Target } from "./targets.ts";

export interface FuzzOptions {
  readonly url: string;
  readonly entities: KnownEntities;
  /** Values of the `Authorization` header. Each request uses a random value of the list. */
  readonly tokens: readonly string[];
  readonly seed: number;
  readonly requests: number;
  readonly targets: readonly Target[];
  /** Time limit in seconds. No request is sent after this time. */
  readonly seconds: number;
}

/**
 * The number of requests that were sent, the number of responses by status, and a description of
 * each fault.
 */
export interface FuzzResult {
  readonly sent: number;
  readonly byStatus: ReadonlyMap<number, number>;
  readonly faults: readonly string[];
}

const CONCURRENCY = 16;
const MAX_FAULTS = 20;
const RESPONSE_TIMEOUT_MS = 30_000;

const send = async (agent: Agent, origin: string, request: FuzzedRequest): Promise<FuzzResponse> => {
  const { method, path, headers, body = null } = request;
  const signal = AbortSignal.timeout(RESPONSE_TIMEOUT_MS);
  const options = { origin, path, method, headers, body, signal };
  // The fuzzer's method is any string, but undici's type is a union of method names.
  const response = await agent.request(options as Parameters<Agent["request"]>[0]);
  return { status: response.statusCode, headers: response.headers, text: await response.body.text() };
};

/**
 * Sends requests that are generated from the OpenAPI document and checks the responses. The same
 * seed generates the same requests, except for values that come from earlier responses.
 */
export const fuzz = async ({
  url,
  entities,
  tokens,
  seed,
  requests,
  targets,
  seconds,
}: FuzzOptions): Promise<FuzzResult> => {
  await using open = new AsyncDisposableStack();
  const agent = new Agent({ connections: CONCURRENCY });
  open.defer(() => agent.close());
  const until = performance.now() + seconds * 1000;
  const byStatus = new Map<number, number>();
  const faults: string[] = [];
  let sent = 0;

  const sendRequests = async (random: Random) => {
    while (sent < requests && faults.length < MAX_FAULTS && performance.now() < until) {
      sent += 1;
      const target = random.pick(targets);
      const { name } = target;
      const request = createFuzzedRequest(target, { random, entities, tokens });
      try {
        const received = await send(agent, url, request);
        byStatus.set(received.status, (byStatus.get(received.status) ?? 0) + 1);
        const fault = checkResponse(target, request, received);
        if (fault !== undefined) faults.push(`${name}: ${fault}\n    ${formatRequest(request)}`);
        else if (received.status < 300 && received.text !== "" && !target.isStream)
          entities.learn(JSON.parse(received.text));
      } catch (error) {
        faults.push(`${name}: no response: ${error}\n    ${formatRequest(request)}`);
      }
    }
  };
  const random = new Random(seed);
  await Promise.all(
    Array.from({ length: CONCURRENCY }, (_, index) => sendRequests(random.fork(`loop ${index}`))),
  );
  return { sent, byStatus, faults };
};

const formatRequest = ({ method, path, headers, body }: FuzzedRequest) =>
  `${method} ${path.slice(0, 300)} ${JSON.stringify({ ...headers, authorization: undefined })} ${String(body ?? "").slice(0, 500)}`;
