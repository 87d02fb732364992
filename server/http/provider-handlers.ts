import type { FastifyReply } from "fastify";
import { fillPath, operations } from "../../protocol/index.ts";
import type { Context } from "../context.ts";
import { failRead, invalidateAnswers } from "../use-cases/providers/answer-read.ts";
import { claimReads } from "../use-cases/providers/claim-reads.ts";
import { listProviders, readProvider } from "../use-cases/providers/find-provider.ts";
import { registerProvider } from "../use-cases/providers/register-provider.ts";
import { type Handlers, ok } from "./operation-route.ts";

export const createProviderHandlers = (context: Context) =>
  ({
    registerProvider: async ({ caller, params, body, prefix }) => {
      const roomId = params.room_id;
      const { isNew, provider } = await registerProvider(context, caller, { roomId, registration: body });
      if (!isNew) return ok(provider);
      const location =
        prefix +
        fillPath(operations.readProvider.path, { room_id: roomId, provider_name: provider.full_name });
      return { status: 201, body: provider, headers: { location } };
    },

    listProviders: async ({ params, query }) => ok(await listProviders(context, params.room_id, query)),

    readProvider: async ({ params }) => ok(await readProvider(context, params.room_id, params.provider_name)),

    claimReads: async ({ caller, params, body, reply, runLongPoll }) => {
      const workerId = params.worker_id;
      const reads = await runLongPoll((longPoll) =>
        claimReads(context, caller, { workerId, limit: body.limit, longPoll }),
      );
      releaseUnlessSent(reply, () => {
        for (const { id } of reads) context.reads.release(id, workerId.toLowerCase());
      });
      return ok({ reads });
    },

    failRead: async ({ caller, params, body: failure }) => {
      const { worker_id: workerId, read_id: readId } = params;
      await failRead(context, caller, { workerId, readId, failure });
      return { status: 204, body: null };
    },

    invalidateAnswers: async ({ caller, params, body }) => {
      const { worker_id: workerId, provider_id: providerId } = params;
      await invalidateAnswers(context, caller, { workerId, providerId, params: body?.params });
      return { status: 204, body: null };
    },
  }) satisfies Partial<Handlers>;

/**
 * Calls `release` if the worker has disconnected before the response was sent, because it did not
 * receive the claimed requests to its providers and will never answer them.
 */
function releaseUnlessSent({ raw }: FastifyReply, release: () => void): void {
  if (raw.destroyed) {
    release();
    return;
  }
  let isSent = false;
  raw.once("finish", () => {
    isSent = true;
  });
  raw.once("close", () => {
    if (!isSent) release();
  });
}
