import { Agent } from "undici";
import { Random } from "../support/random.ts";
import { type FuzzedRequest, fuzzedRequest } from "./fuzzed-request.ts";
import type { Target } from "./targets.ts";
import { faultOf, type Received } from "./verdict.ts";
import type { World } from "./world.ts";

/** Whom to attack, with what, and how much. */
export interface FuzzPlan {
  readonly url: string;
  readonly world: World;
  /** What stands in `Authorization`, one of these by chance. */
  readonly tokens: readonly string[];
  readonly seed: number;
  readonly requests: number;
  /** What may be asked, by the API's own document. */
  readonly targets: readonly Target[];
  /** What is not sent by then is not sent. */
  readonly seconds: number;
}

/** What a run came to. */
export interface FuzzResult {
  readonly sent: number;
  readonly byStatus: ReadonlyMap<number, number>;
  readonly faults: readonly string[];
}

const LANES = 16;
const MOST_FAULTS = 20;
const ANSWER_MS = 30_000;

const send = async (agent: Agent, origin: string, request: FuzzedRequest): Promise<Received> => {
  const { method, path, headers, body = null } = request;
  const signal = AbortSignal.timeout(ANSWER_MS);
  const options = { origin, path, method, headers, body, signal };
  // The type names the methods that HTTP has; a fuzzer may send any.
  const answer = await agent.request(options as Parameters<Agent["request"]>[0]);
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
};

/** Requests made from the API's own document, from a seed that repeats them but for what the server answers. */
export const fuzz = async ({
  url,
  world,
  tokens,
  seed,
  requests,
  targets,
  seconds,
}: FuzzPlan): Promise<FuzzResult> => {
  await using open = new AsyncDisposableStack();
  const agent = new Agent({ connections: LANES });
  open.defer(() => agent.close());
  const until = performance.now() + seconds * 1000;
  const byStatus = new Map<number, number>();
  const faults: string[] = [];
  let sent = 0;

  const lane = async (random: Random) => {
    while (sent < requests && faults.length < MOST_FAULTS && performance.now() < until) {
      sent += 1;
      const target = random.pick(targets);
      const { name } = target;
      const request = fuzzedRequest(target, { random, world, tokens });
      try {
        const received = await send(agent, url, request);
        byStatus.set(received.status, (byStatus.get(received.status) ?? 0) + 1);
        const fault = faultOf(target, request, received);
        if (fault !== undefined) faults.push(`${name}: ${fault}\n    ${told(request)}`);
        else if (received.status < 300 && received.text !== "" && !target.isStream)
          world.learn(JSON.parse(received.text));
      } catch (error) {
        faults.push(`${name}: no answer: ${error}\n    ${told(request)}`);
      }
    }
  };
  const random = new Random(seed);
  await Promise.all(Array.from({ length: LANES }, (_, index) => lane(random.fork(`lane ${index}`))));
  return { sent, byStatus, faults };
};

const told = ({ method, path, headers, body }: FuzzedRequest) =>
  `${method} ${path.slice(0, 300)} ${JSON.stringify({ ...headers, authorization: undefined })} ${String(body ?? "").slice(0, 500)}`;
