import type {
  OperationName,
  OperationRequest,
  Operations,
  StreamEvent,
  StreamName,
  TransferName,
} from "../../protocol/index.ts";
import type { CallOptions, FollowOptions, StreamParams } from "./options.ts";
import type { CallResponse } from "./responses.ts";
import type { TransferRequest, TransferResponse } from "./transfer.ts";

/** The methods of the client that the resources call. */
export interface Caller {
  call<Name extends OperationName>(
    name: Name,
    request: OperationRequest<Operations[Name]>,
    options?: CallOptions,
  ): Promise<CallResponse<Name>>;
  transfer(name: TransferName, request: TransferRequest): Promise<TransferResponse>;
  follow<Name extends StreamName>(
    name: Name,
    params: StreamParams<Name>,
    options?: FollowOptions,
  ): AsyncGenerator<StreamEvent<Name>, void, undefined>;
}

export type Body<Name extends OperationName> = NonNullable<OperationRequest<Operations[Name]>["body"]>;
export type Query<Name extends OperationName> = NonNullable<OperationRequest<Operations[Name]>["query"]>;
export type ResponseBody<Name extends OperationName> = CallResponse<Name>["body"];

/**
 * Base class of the resources of a client, such as `client.tasks`. A resource has a method for each
 * operation on one kind of object. These methods throw the errors of `JoblibClient.call`.
 */
export abstract class Resource {
  /** @internal */
  protected readonly client: Caller;

  /** @internal */
  constructor(client: Caller) {
    this.client = client;
  }

  /** @internal Calls an operation and returns the body of its response. */
  protected async send<Name extends OperationName>(
    name: Name,
    request: OperationRequest<Operations[Name]>,
    options?: CallOptions,
  ): Promise<ResponseBody<Name>> {
    return (await this.client.call(name, request, options)).body;
  }
}
