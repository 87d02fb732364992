import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Problem } from "../../../protocol/index.ts";
import type { HostAuth } from "../../../server/index.ts";
import { StorageRefusal, StorageUnavailable } from "../../../server/storage/sessions/storage-errors.ts";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const httpError = (statusCode: number) => Object.assign(new Error("a message of the host"), { statusCode });
const createThrower = (error: Error) => () => {
  throw error;
};
/** Runs `work` with an API whose host uses `auth`. */
const withAuth = async (auth: Partial<HostAuth>, work: (server: Api) => Promise<void>) => {
  const server = await openApi({ orm: api.orm, auth });
  try {
    await work(server);
  } finally {
    await server.close();
  }
};

describe("users of requests", () => {
  test("the host can return the user of a request asynchronously and as a number", async () => {
    await withAuth({ getCurrentUserId: async () => 42, getIsAdmin: async () => true }, async (server) => {
      const room = newRoomId();
      const job = await server.registerJob(room);

      expect((await server.submit(room, job.full_name)).created_by_id).toBe("42");
    });
  });

  test.each([
    ["undefined", () => undefined],
    ["null", () => null],
    ["an empty string", () => ""],
    ["a string that cannot be stored", () => "a\u0000b"],
    ["an error", createThrower(new Error("token expired"))],
    ["an error with 401", createThrower(httpError(401))],
  ])("a request is unauthorized if the host returns or throws %s instead of a user", async (_, getCurrentUserId) => {
    await withAuth({ getCurrentUserId }, async (server) => {
      const response = await server.as("ann").get("/workers");

      expectProblem(response, "unauthorized");
      expect(response.headers["www-authenticate"]).toBe("Bearer");
      expect(response.text).not.toMatch(/expired|message of/);
    });
  });

  test.each([
    ["forbidden", httpError(403)],
    ["service-unavailable", httpError(503)],
    ["internal-error", new TypeError("a message of the host")],
    ["rate-limited", new Problem("rate-limited", "Too many.", { retryAfter: 7 })],
    ["service-unavailable", new StorageUnavailable(new Error("a message of the database"))],
    ["service-unavailable", new StorageRefusal(new Error("a message of the database"), "grant a right")],
  ] as const)("a request is rejected with %s if the host throws an error with that meaning", async (id, error) => {
    await withAuth({ getCurrentUserId: createThrower(error) }, async (server) => {
      const response = await server.as("ann").get("/workers");

      expectProblem(response, id);
      expect(response.text).not.toContain("message of");
    });
  });

  test("a request for the catalogue of problems needs no user", async () => {
    await withAuth({ getCurrentUserId: createThrower(new Error("asked")) }, async (server) => {
      ok(await server.send("GET", "/v1/problems"));
    });
  });
});

describe("access to rooms", () => {
  test.each([
    ["an error", createThrower(new Error("a message of the host"))],
    ["an error with 404", createThrower(httpError(404))],
    ["a value that is not a boolean", () => Object(1)],
  ])("the access to a room is forbidden if the host's authorizeRoom returns or throws %s", async (_, authorizeRoom) => {
    await withAuth({ authorizeRoom }, async (server) => {
      expectProblem(await server.as("ann").get(`/rooms/${newRoomId()}/jobs`), "forbidden");
    });
  });

  test("the host's authorizeRoom decides the access to a room, also for admins, from the room and the kind of access", async () => {
    const asked: unknown[] = [];
    const authorizeRoom: HostAuth["authorizeRoom"] = async (_, room, access) => {
      asked.push([room, access]);
      return access === "read";
    };
    await withAuth({ authorizeRoom }, async (server) => {
      const room = newRoomId();

      ok(await server.as("root").get(`/rooms/${room}/jobs`));
      const body = { tasks: [{ job_name: "private:m:J" }] };
      expectProblem(await server.as("root").post(`/rooms/${room}/tasks`, { body }), "forbidden");

      expect(asked).toEqual([
        [room, "read"],
        [room, "write"],
      ]);
    });
  });

  test("a bug in the host's authorizeRoom causes an internal error without details", async () => {
    const authorizeRoom = createThrower(new TypeError("a message of the host"));
    await withAuth({ authorizeRoom }, async (server) => {
      const response = await server.as("ann").get(`/rooms/${newRoomId()}/jobs`);

      expectProblem(response, "internal-error");
      expect(response.text).not.toContain("message of");
    });
  });
});
