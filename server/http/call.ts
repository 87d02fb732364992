import type { FastifyReply, FastifyRequest } from "fastify";
import type {
  MinimalResponse,
  Operation,
  OperationInput,
  OperationName,
  OperationResponse,
  Operations,
} from "../../protocol/index.ts";
import type { Caller } from "../access.ts";
import type { LongPoll } from "../use-cases/long-poll.ts";

/** One request after its checks, as a handler gets it. */
export interface Call<O extends Operation> extends OperationInput<O> {
  readonly caller: Caller;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Where the mounted API stands: for `Location`. */
  readonly prefix: string;
  /** Holds the request open for as long as its `Prefer: wait` asks, and says so in the answer. */
  hold<Value>(work: (hold: LongPoll) => Promise<Value>): Promise<Value>;
}

/** Answers one operation. */
export type Handler<O extends Operation> = (
  call: Call<O>,
) => Promise<OperationResponse<O> | MinimalResponse<O>>;

/** A handler for every operation: one that is missing does not compile. */
export type Handlers = { readonly [Name in OperationName]: Handler<Operations[Name]> };
