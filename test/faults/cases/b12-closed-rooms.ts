import { SignJWT } from "jose";
import type { OperationName, OperationRequest, Operations } from "../../../sdk/index.ts";
import { awaitEnd, cancel, submitSurely } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { settle } from "../run/settle.ts";

const SECRET = "a secret of the fault suite, 32 characters and more";

const tokenOf = (sub: string, rooms: readonly string[]): Promise<string> =>
  new SignJWT({ sub, rooms })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(SECRET));

/** Somebody without a right to the room knows its name and its tasks' ids, and asks for everything. */
export const closedRooms: FaultCase = {
  name: "B12 closed rooms",
  invariants: ["I10"],
  cluster: { servers: 1, settings: { JOBLIB_JWT_SECRET: SECRET } },
  async run(scene) {
    const { room } = scene;
    scene.promises = { mayRead: (user, asked) => user === "insider" || asked !== room };
    const inside = { user: "insider", token: await tokenOf("insider", [room]) };
    const outside = { user: "outsider", token: await tokenOf("outsider", []) };
    const hand = await scene.hand("hand", inside);
    const client = scene.client("client", inside);
    const stranger = scene.client("stranger", outside);

    for (let index = 0; index < 20; index += 1) {
      const { id } = await submitSurely(client, { token: `${index}` });
      const ask = <Name extends OperationName>(name: Name, request: OperationRequest<Operations[Name]>) =>
        stranger.call({ f: "read", name, request, asked: { task: id } });
      const waiting = awaitEnd(stranger, id, { wait: 1 });
      await ask("readTask", { params: { task_id: id } });
      await ask("listRoomTasks", { params: { room_id: room } });
      await ask("listJobTasks", { params: { room_id: room, job_name: "private:faults:Raw" } });
      await ask("listLateResults", { params: { task_id: id } });
      await ask("claimTask", { body: { worker_id: hand.worker } });
      await ask("claimTasks", { params: { worker_id: hand.worker }, body: { limit: 1 } });
      await cancel(stranger, id);
      await ask("retryTask", { params: { task_id: id } });
      const held = await hand.claim({ start: true });
      if (held !== undefined) await hand.insist({ f: "complete", held });
      await waiting;
    }
    scene.fault("requests without access");
    await settle(scene);
  },
};
