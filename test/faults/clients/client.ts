import type { OperationName, OperationRequest, Operations } from "../../../sdk/index.ts";
import { type CallOptions, type CallResponse, JoblibClient } from "../../../sdk/index.ts";
import { monotonic, sleep } from "../clock.ts";
import type { Operation, OperationInput } from "../history/event.ts";
import type { Recorder } from "../history/recorder.ts";
import { extractTasks } from "./extract-tasks.ts";
import { type Outcome, toFailure } from "./outcome.ts";

export interface ClientOptions {
  readonly recorder: Recorder;
  /**
   * The addresses of the servers. After a request whose outcome is unknown, the client uses the
   * next server, as it would behind a load balancer.
   */
  readonly urls: readonly string[];
  readonly room: string;
  readonly user?: string;
  readonly token?: string;
  readonly timeoutSeconds?: number;
}

/** A request, and the data that is recorded in the history for the request. */
export interface Request<Name extends OperationName> {
  readonly operation: Operation;
  readonly name: Name;
  readonly request: OperationRequest<Operations[Name]>;
  readonly input?: OperationInput;
  readonly options?: CallOptions;
}

type Body<Name extends OperationName> = CallResponse<Name>["body"];

/** A client that records every call in the history. It does not retry calls automatically. */
export class Client {
  readonly room: string;
  readonly #plan: ClientOptions;
  readonly #clients: readonly JoblibClient[];
  #next = 0;

  constructor(plan: ClientOptions) {
    this.#plan = plan;
    this.room = plan.room;
    this.#clients = plan.urls.map((url) => new JoblibClient({ url, token: plan.token }));
  }

  get recorder(): Recorder {
    return this.#plan.recorder;
  }

  async call<Name extends OperationName>({
    operation,
    name,
    request,
    input = {},
    options = {},
  }: Request<Name>): Promise<Outcome<Body<Name>>> {
    const { room, user, timeoutSeconds = 5 } = this.#plan;
    const client = this.#clients[this.#next % this.#clients.length];
    if (client === undefined) throw new Error("a client needs a server");
    const { wait } = options;
    const invoked = this.#plan.recorder.invoke(operation, {
      room,
      ...(user === undefined ? {} : { user }),
      ...(wait === undefined ? {} : { wait }),
      ...input,
    });
    try {
      const answer = await client.call(name, request, { timeoutSeconds, ...options, retry: false });
      invoked.ok({ http: answer.status, tasks: extractTasks(answer.body) });
      return { outcome: "ok", body: answer.body, http: answer.status };
    } catch (error) {
      const { phase, output } = toFailure(error);
      if (phase === "unknown") this.#next += 1;
      invoked[phase](output);
      return { outcome: phase, problem: output.problem };
    }
  }

  /** Repeats a request until its outcome is known or the time limit is reached. */
  async callWithRetry<Name extends OperationName>(
    request: Request<Name>,
    timeoutMs = 30_000,
  ): Promise<Outcome<Body<Name>>> {
    const until = monotonic() + timeoutMs;
    for (let pause = 20; ; pause = Math.min(pause * 2, 300)) {
      const outcome = await this.call(request);
      if (outcome.outcome !== "unknown" || monotonic() > until) return outcome;
      await sleep(pause);
    }
  }
}
