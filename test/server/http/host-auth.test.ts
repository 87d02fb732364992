import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Problem } from "../../../protocol/index.ts";
import type { HostAuth } from "../../../server/index.ts";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const httpError = (statusCode: number) => Object.assign(new Error("a message of the host"), { statusCode });
const throwing = (error: Error) => () => {
  throw error;
};
/** The API of a host with another auth, for as long as the test needs it. */
const withAuth = async (auth: Partial<HostAuth>, work: (own: Api) => Promise<void>) => {
  const own = await openApi({ orm: api.orm, auth });
  try {
    await work(own);
  } finally {
    await own.close();
  }
};

describe("the user of a request", () => {
  test("can be returned asynchronously and as a number", async () => {
    await withAuth({ getCurrentUserId: async () => 42, getIsAdmin: async () => true }, async (own) => {
      const room = newRoomId();
      const job = await own.registerJob(room);

      expect((await own.submit(room, job.full_name)).created_by_id).toBe("42");
    });
  });

  test.each([
    ["undefined", () => undefined],
    ["null", () => null],
    ["an empty string", () => ""],
    ["a string that cannot be stored", () => "a\u0000b"],
    ["an error", throwing(new Error("token expired"))],
    ["an error with 401", throwing(httpError(401))],
  ])("is unauthorized if the host returns or throws %s", async (_, getCurrentUserId) => {
    await withAuth({ getCurrentUserId }, async (own) => {
      const response = await own.as("ann").get("/workers");

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
  ] as const)("is rejected with %s if the host throws an error with that meaning", async (id, error) => {
    await withAuth({ getCurrentUserId: throwing(error) }, async (own) => {
      const response = await own.as("ann").get("/workers");

      expectProblem(response, id);
      expect(response.text).not.toContain("message of");
    });
  });

  test("is not read for the catalogue of problems", async () => {
    await withAuth({ getCurrentUserId: throwing(new Error("asked")) }, async (own) => {
      ok(await own.send("GET", "/v1/problems"));
    });
  });
});

describe("the access to a room", () => {
  test.each([
    ["an error", throwing(new Error("a message of the host"))],
    ["an error with 404", throwing(httpError(404))],
    ["a value that is not a boolean", () => Object(1)],
  ])("is forbidden if the host returns or throws %s", async (_, authorizeRoom) => {
    await withAuth({ authorizeRoom }, async (own) => {
      expectProblem(await own.as("ann").get(`/rooms/${newRoomId()}/jobs`), "forbidden");
    });
  });

  test("is decided by authorizeRoom also for admins, with the room and the kind of access", async () => {
    const asked: unknown[] = [];
    const authorizeRoom: HostAuth["authorizeRoom"] = async (_, room, access) => {
      asked.push([room, access]);
      return access === "read";
    };
    await withAuth({ authorizeRoom }, async (own) => {
      const room = newRoomId();

      ok(await own.as("root").get(`/rooms/${room}/jobs`));
      const body = { tasks: [{ job_name: "private:m:J" }] };
      expectProblem(await own.as("root").post(`/rooms/${room}/tasks`, { body }), "forbidden");

      expect(asked).toEqual([
        [room, "read"],
        [room, "write"],
      ]);
    });
  });

  test("is an internal error without details if authorizeRoom has a bug", async () => {
    const authorizeRoom = throwing(new TypeError("a message of the host"));
    await withAuth({ authorizeRoom }, async (own) => {
      const response = await own.as("ann").get(`/rooms/${newRoomId()}/jobs`);

      expectProblem(response, "internal-error");
      expect(response.text).not.toContain("message of");
    });
  });
});
