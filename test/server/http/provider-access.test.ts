import { afterAll, beforeAll, describe, test } from "vitest";
import { fillPath, transfers } from "../../../protocol/index.ts";
import { type Api, openApi } from "./api.ts";
import { newJobName, newRoomId } from "./fixtures.ts";
import { expectProblem, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const ROLES = ["anonymous", "outsider", "reader", "member", "owner", "admin"] as const;
type Role = (typeof ROLES)[number];
const READ: readonly Role[] = ["reader", "member", "admin"];

const toHeaders = (role: Role): Record<string, string> =>
  role === "anonymous" ? {} : { "x-user": role === "admin" ? "root" : role };

/**
 * Creates a provider with a worker of `owner`. With `elsewhere`, the reader and the member have
 * access to another room.
 */
const createScenario = async (where: "here" | "elsewhere") => {
  const room = newRoomId();
  const accessibleRoom = where === "here" ? room : newRoomId();
  api.grant("member", accessibleRoom, "read", "write");
  api.grant("reader", accessibleRoom, "read");
  api.grant("owner", room, "read", "write");
  const worker = await api.createWorker("owner");
  const body = { category: "data", name: newJobName(), schema: {}, worker_id: worker.id };
  const { full_name } = ok(await api.as("owner").put(`/rooms/${room}/providers`, { body }), 201);
  api.grant("owner", room);
  return { params: { room_id: room, provider_name: full_name, worker_id: worker.id, read_id: "none" } };
};

describe("access to providers", () => {
  const each = (["here", "elsewhere"] as const).flatMap((where) =>
    ROLES.map((role) => ({ role, where, room: where === "here" ? "the room" : "another room" })),
  );

  test.each(each)("a request to a provider checks the role $role of a user with access to $room", async ({
    role,
    where,
  }) => {
    const { params } = await createScenario(where);
    const headers = { prefer: "wait=0", ...toHeaders(role) };
    const response = await api.send("GET", fillPath(transfers.readFromProvider.path, params), { headers });

    const isAllowed = role === "admin" || (where === "here" && READ.includes(role));
    expectProblem(
      response,
      isAllowed ? "provider-timeout" : role === "anonymous" ? "unauthorized" : "forbidden",
    );
  });

  test.each(
    each,
  )("a worker's answer to a provider request checks the role $role of a user with access to $room", async ({
    role,
    where,
  }) => {
    const { params } = await createScenario(where);
    const options = { headers: toHeaders(role), raw: "x" };
    const response = await api.send("PUT", fillPath(transfers.answerRead.path, params), options);

    if (role === "owner") expectProblem(response, "read-lost");
    else expectProblem(response, role === "anonymous" ? "unauthorized" : "forbidden");
  });
});
