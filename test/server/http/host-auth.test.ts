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

const httpError = (statusCode: number) => Object.assign(new Error("the host's words"), { statusCode });
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

describe("who a request is", () => {
  test("may be answered later, and be a number", async () => {
    await withAuth({ getCurrentUserId: async () => 42, getIsAdmin: async () => true }, async (own) => {
      const room = newRoomId();
      const job = await own.registerJob(room);

      expect((await own.submit(room, job.full_name)).created_by_id).toBe("42");
    });
  });

  test.each([
    ["undefined", () => undefined],
    ["null", () => null],
    ["an empty text", () => ""],
    ["a text that cannot be kept", () => "a\u0000b"],
    ["an error", throwing(new Error("token expired"))],
    ["an error with 401", throwing(httpError(401))],
  ])("is unauthorized where the host's answer is %s", async (_, getCurrentUserId) => {
    await withAuth({ getCurrentUserId }, async (own) => {
      const answer = await own.as("ann").get("/workers");

      expectProblem(answer, "unauthorized");
      expect(answer.headers["www-authenticate"]).toBe("Bearer");
      expect(answer.text).not.toMatch(/expired|words/);
    });
  });

  test.each([
    ["forbidden", httpError(403)],
    ["service-unavailable", httpError(503)],
    ["internal-error", new TypeError("the host's words")],
    ["rate-limited", new Problem("rate-limited", "Too many.", { retryAfter: 7 })],
  ] as const)("is %s where the host throws what says so", async (id, error) => {
    await withAuth({ getCurrentUserId: throwing(error) }, async (own) => {
      const answer = await own.as("ann").get("/workers");

      expectProblem(answer, id);
      expect(answer.text).not.toContain("words");
    });
  });

  test("is not asked for the catalogue of problems", async () => {
    await withAuth({ getCurrentUserId: throwing(new Error("asked")) }, async (own) => {
      ok(await own.send("GET", "/v1/problems"));
    });
  });
});

describe("which rooms are open", () => {
  test.each([
    ["an error", throwing(new Error("the host's words"))],
    ["an error with 404", throwing(httpError(404))],
    ["no boolean", () => Object(1)],
  ])("is forbidden where the host's answer is %s", async (_, authorizeRoom) => {
    await withAuth({ authorizeRoom }, async (own) => {
      expectProblem(await own.as("ann").get(`/rooms/${newRoomId()}/jobs`), "forbidden");
    });
  });

  test("is the host's word also for an admin, and is asked with the room and the access", async () => {
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

  test("is a bug of the host's where it throws one, and says nothing of it", async () => {
    const authorizeRoom = throwing(new TypeError("the host's words"));
    await withAuth({ authorizeRoom }, async (own) => {
      const answer = await own.as("ann").get(`/rooms/${newRoomId()}/jobs`);

      expectProblem(answer, "internal-error");
      expect(answer.text).not.toContain("words");
    });
  });
});
