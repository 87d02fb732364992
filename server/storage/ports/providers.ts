import type { JobAddress, JsonObject } from "../../../protocol/index.ts";
import type { ResultPage, Window } from "../../records.ts";

/** A provider to register, and the worker that serves it. */
export interface NewProviderRecord extends JobAddress {
  readonly id: string;
  readonly schema: JsonObject;
  readonly schemaHash: string;
  readonly contentType: string;
  readonly description: string | null;
  readonly workerId: string;
}

/** A registered provider with the ids of its online workers. */
export interface ProviderRecord extends JobAddress {
  readonly id: string;
  readonly schema: JsonObject;
  readonly schemaHash: string;
  readonly contentType: string;
  readonly description: string | null;
  readonly createdAt: string;
  readonly workers: readonly string[];
}

export type ProviderOutcome =
  | { readonly kind: "created" | "matched" | "conflict"; readonly provider: ProviderRecord }
  | { readonly kind: "worker-not-found" };

export interface ProviderStorage {
  /**
   * Inserts the provider or finds the existing one, and links the worker, in one transaction. A
   * provider that no worker serves is replaced if it has another schema or content type.
   */
  register(provider: NewProviderRecord, aliveWithinSeconds: number): Promise<ProviderOutcome>;
  find(address: JobAddress, aliveWithinSeconds: number): Promise<ProviderRecord | undefined>;
  /** Lists the providers of the rooms, newest first. */
  list(
    rooms: readonly string[],
    window: Window,
    aliveWithinSeconds: number,
  ): Promise<ResultPage<ProviderRecord>>;
  /**
   * Returns the ids of the providers that the worker serves; undefined if the worker does not
   * exist.
   */
  findIdsOfWorker(workerId: string): Promise<readonly string[] | undefined>;
  /**
   * Removes up to `limit` providers that no worker has served for a day. Returns the rooms of the
   * removed providers.
   */
  removeUnused(limit: number): Promise<readonly string[]>;
}
