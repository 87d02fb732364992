import { SignJWT } from "jose";
import type { OperationName, OperationRequest, Operations } from "../../../sdk/index.ts";
import { awaitEnd, cancel, submitWithRetry } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { waitForAllTasks } from "../run/wait-for-all-tasks.ts";

const SECRET = "a secret of the fault suite, 32 characters and more";

const signToken = (sub: string, rooms: readonly string[]): Promise<string> =>
  new SignJWT({ sub, rooms })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(SECRET));

/**
 * A user who has no access to a room, but knows the room's name and the ids of its tasks, sends
 * requests of every kind. None of the responses may reveal a task of the room.
 */
export const closedRooms: FaultCase = {
  name: "B12 a user without access to a room requests everything in the room",
  invariants: ["I10"],
  cluster: { servers: 1, settings: { JOBLIB_JWT_SECRET: SECRET } },
  async run(context) {
    const { room } = context;
    context.expectations = { mayRead: (user, roomId) => user === "insider" || roomId !== room };
    const inside = { user: "insider", token: await signToken("insider", [room]) };
    const outside = { user: "outsider", token: await signToken("outsider", []) };
    const manualWorker = await context.manualWorker("worker", inside);
    const client = context.client("client", inside);
    const outsider = context.client("outsider", outside);

    for (let index = 0; index < 20; index += 1) {
      const { id } = await submitWithRetry(client, { token: `${index}` });
      const send = <Name extends OperationName>(name: Name, request: OperationRequest<Operations[Name]>) =>
        outsider.call({ operation: "read", name, request, input: { task: id } });
      const waiting = awaitEnd(outsider, id, { wait: 1 });
      await send("readTask", { params: { task_id: id } });
      await send("listRoomTasks", { params: { room_id: room } });
      await send("listJobTasks", { params: { room_id: room, job_name: "private:faults:Raw" } });
      await send("listLateResults", { params: { task_id: id } });
      await send("claimTask", { body: { worker_id: manualWorker.workerId } });
      await send("claimTasks", { params: { worker_id: manualWorker.workerId }, body: { limit: 1 } });
      await cancel(outsider, id);
      await send("retryTask", { params: { task_id: id } });
      const lease = await manualWorker.claim({ start: true });
      if (lease !== undefined) await manualWorker.updateWithRetry({ operation: "complete", lease });
      await waiting;
    }
    context.fault("requests without access");
    await waitForAllTasks(context);
  },
};
