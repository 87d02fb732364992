import type { OperationName, OperationRequest, Operations } from "../../../sdk/index.ts";
import { type CallAnswer, type CallOptions, JoblibClient } from "../../../sdk/index.ts";
import { elapse, monotonic } from "../clock.ts";
import type { Asked, Operation } from "../history/event.ts";
import type { Recorder } from "../history/recorder.ts";
import { answeredTasks } from "./answered-tasks.ts";
import { failureOf, type Outcome } from "./outcome.ts";

/** Who a client is, and where it goes. */
export interface ClientPlan {
  readonly recorder: Recorder;
  /** The servers as a load balancer knows them: after a failure the next one is asked. */
  readonly urls: readonly string[];
  readonly room: string;
  readonly user?: string;
  readonly token?: string;
  readonly timeoutSeconds?: number;
}

/** One request with what the history is to know of it. */
export interface Request<Name extends OperationName> {
  readonly f: Operation;
  readonly name: Name;
  readonly request: OperationRequest<Operations[Name]>;
  readonly asked?: Asked;
  readonly options?: CallOptions;
}

type Body<Name extends OperationName> = CallAnswer<Name>["body"];

/** A client whose every call is in the history. It never repeats by itself. */
export class Client {
  readonly room: string;
  readonly #plan: ClientPlan;
  readonly #clients: readonly JoblibClient[];
  #next = 0;

  constructor(plan: ClientPlan) {
    this.#plan = plan;
    this.room = plan.room;
    this.#clients = plan.urls.map((url) => new JoblibClient({ url, token: plan.token }));
  }

  get recorder(): Recorder {
    return this.#plan.recorder;
  }

  async call<Name extends OperationName>({
    f,
    name,
    request,
    asked = {},
    options = {},
  }: Request<Name>): Promise<Outcome<Body<Name>>> {
    const { room, user, timeoutSeconds = 5 } = this.#plan;
    const client = this.#clients[this.#next % this.#clients.length];
    if (client === undefined) throw new Error("a client needs a server");
    const { wait } = options;
    const invoked = this.#plan.recorder.invoke(f, {
      room,
      ...(user === undefined ? {} : { user }),
      ...(wait === undefined ? {} : { wait }),
      ...asked,
    });
    try {
      const answer = await client.call(name, request, { timeoutSeconds, ...options, retry: false });
      invoked.ok({ http: answer.status, tasks: answeredTasks(answer.body) });
      return { outcome: "ok", body: answer.body, http: answer.status };
    } catch (error) {
      const { phase, answered } = failureOf(error);
      if (phase === "unknown") this.#next += 1;
      invoked[phase](answered);
      return { outcome: phase, problem: answered.problem };
    }
  }

  /** The same request until what became of it is known, or the patience is over. */
  async persist<Name extends OperationName>(
    request: Request<Name>,
    patienceMs = 30_000,
  ): Promise<Outcome<Body<Name>>> {
    const until = monotonic() + patienceMs;
    for (let pause = 20; ; pause = Math.min(pause * 2, 300)) {
      const outcome = await this.call(request);
      if (outcome.outcome !== "unknown" || monotonic() > until) return outcome;
      // What a client does between two tries.
      await elapse(pause);
    }
  }
}
