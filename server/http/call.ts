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
import type { Serializable } from "../raw-json.ts";
import type { LongPoll } from "../state/long-poll.ts";

/** A request that was authorized and validated. */
export interface Call<O extends Operation> extends OperationInput<O> {
  readonly caller: Caller;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** The path prefix of the plugin, for the `Location` header. */
  readonly prefix: string;
  /** Runs work that may wait for as long as `Prefer: wait` allows, and sets `Preference-Applied`. */
  runLongPoll<Value>(work: (longPoll: LongPoll) => Promise<Value>): Promise<Value>;
}

type WithSerializableBody<Response> = Response extends { readonly body: infer Body }
  ? Omit<Response, "body"> & { readonly body: Serializable<Body> }
  : never;

/** A full or minimal response whose body may contain parts that are serialized already. */
export type HandlerResponse<O extends Operation> = WithSerializableBody<
  OperationResponse<O> | MinimalResponse<O>
>;

/** Handles the calls of one operation. */
export type Handler<O extends Operation> = (call: Call<O>) => Promise<HandlerResponse<O>>;

/** The handlers of all operations. If one is missing, compilation fails. */
export type Handlers = { readonly [Name in OperationName]: Handler<Operations[Name]> };
