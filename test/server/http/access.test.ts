import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Access,
  fillPath,
  type Operation,
  type OperationName,
  operations,
  type StreamName,
  type StreamOperation,
  streams,
} from "../../../protocol/index.ts";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi({ withInvitations: true });
});
afterAll(() => api.close());

/**
 * Nobody; who may neither read nor write in the room; who may read; who may do both; who submitted the task and whose
 * worker holds it, both of whom may no longer enter the room; an admin.
 */
const PEOPLE = ["anonymous", "stranger", "reader", "member", "submitter", "owner", "admin"] as const;
type Person = (typeof PEOPLE)[number];

type Status = "claimed" | "running" | "failed" | "late";

/** `elsewhere`: who reads and writes does so in another room than that of the task. */
const aScene = async (status: Status, where: "here" | "elsewhere" = "here") => {
  const room = newRoomId();
  const theirs = where === "here" ? room : newRoomId();
  for (const user of ["submitter", "owner"]) api.grant(user, room, "read", "write");
  api.grant("member", theirs, "read", "write");
  api.grant("reader", theirs, "read");
  const job = await api.registerJob(room, {}, "owner");
  const { id } = await api.submit(room, job.full_name, {}, "submitter");
  await api.claim(job.worker_id, { start: status !== "claimed", user: "owner" });
  if (status === "failed") ok(await api.update(id, { status }, "owner"));
  if (status === "late") {
    ok(await api.update(id, { status: "cancelled" }, "submitter"));
    const late = { status: "completed", worker_id: job.worker_id, attempt: 1 };
    expectProblem(await api.update(id, late, "owner"), "task-lost");
  }
  const inviter = where === "here" ? "member" : "root";
  const invitation = ok(await api.as(inviter).post(`/rooms/${room}/invitations`), 201);
  for (const user of ["submitter", "owner"]) api.grant(user, room);
  const params = {
    room_id: room,
    job_name: job.full_name,
    worker_id: job.worker_id,
    task_id: id,
    invitation_id: invitation.id,
  };
  return { job, params: { ...params, problem_id: "forbidden" } };
};
type Scene = Awaited<ReturnType<typeof aScene>>;

/** A way to use an operation: on which task, with which body, and who may. */
interface Use {
  readonly about?: string;
  readonly task?: Status;
  readonly params?: Record<string, string>;
  readonly body?: (scene: Scene) => object;
  readonly may: readonly Person[];
}

const USERS = PEOPLE.filter((person) => person !== "anonymous");
const READ: readonly Person[] = ["reader", "member", "admin"];
const WRITE: readonly Person[] = ["member", "admin"];
const OWN: readonly Person[] = ["owner"];
const registration = ({ job: { category, name, schema } }: Scene) => ({ category, name, schema });
const updates = ({ params }: Scene) => ({ updates: [{ id: params.task_id, status: "completed" }] });
const global = { room_id: "@global" };

const USES: Record<OperationName, readonly Use[]> = {
  registerJob: [
    { body: registration, may: WRITE },
    { about: "in @global", params: global, body: registration, may: ["admin"] },
  ],
  listJobs: [{ may: READ }, { about: "in @global", params: global, may: USERS }],
  readJob: [{ may: READ }],
  listJobTasks: [{ may: READ }],
  validatePayload: [{ body: () => ({ payload: {} }), may: READ }],
  createWorker: [{ may: USERS }],
  heartbeat: [{ may: OWN }],
  listWorkers: [{ may: USERS }],
  listRoomWorkers: [{ may: READ }, { about: "in @global", params: global, may: USERS }],
  readWorker: [{ may: [...READ, "owner"] }],
  drainWorker: [{ may: ["owner", "admin"] }],
  releaseTasks: [{ task: "claimed", body: () => ({ tasks: [] }), may: OWN }],
  removeWorker: [{ may: ["owner", "admin"] }],
  listRooms: [{ may: USERS }],
  readRoomStats: [{ may: READ }, { about: "in @global", params: global, may: USERS }],
  readStats: [{ may: ["admin"] }],
  readHealth: [{ may: USERS }],
  submitTask: [{ may: WRITE }],
  submitTasks: [{ body: ({ params }) => ({ tasks: [{ job_name: params.job_name }] }), may: WRITE }],
  submitBatch: [{ body: ({ params }) => ({ submits: [{ job_name: params.job_name }] }), may: WRITE }],
  listRoomTasks: [{ may: READ }, { about: "in @global", params: global, may: USERS }],
  cancelTasks: [{ body: () => ({ filter: {} }), may: READ }],
  retryTasks: [{ body: () => ({ filter: {} }), may: READ }],
  claimTask: [{ body: ({ params }) => ({ worker_id: params.worker_id }), may: OWN }],
  claimTasks: [{ body: () => ({ limit: 1 }), may: OWN }],
  readTask: [{ may: [...READ, "submitter", "owner"] }],
  readTaskLogs: [{ may: [...READ, "submitter", "owner"] }],
  diagnoseTask: [{ may: [...READ, "submitter", "owner"] }],
  listAttempts: [{ may: [...READ, "submitter", "owner"] }],
  updateTask: [
    { about: "to start", task: "claimed", body: () => ({ status: "running" }), may: ["owner", "admin"] },
    { about: "to complete", body: () => ({ status: "completed" }), may: ["owner", "admin"] },
    { about: "to fail", body: () => ({ status: "failed" }), may: ["owner", "admin"] },
    {
      about: "with lines of its log",
      body: () => ({ log: [{ number: 0, text: "a" }] }),
      may: ["owner", "admin"],
    },
    { about: "with progress", body: () => ({ progress: {} }), may: ["owner", "admin"] },
    { about: "to cancel", body: () => ({ status: "cancelled" }), may: ["submitter", "owner", "admin"] },
  ],
  updateTasks: [{ body: updates, may: OWN }],
  retryTask: [{ task: "failed", may: ["submitter", "admin"] }],
  listLateResults: [{ may: ["submitter", "admin"] }],
  adoptLateResult: [{ task: "late", may: ["submitter", "admin"] }],
  createInvitation: [{ may: WRITE }, { about: "to @global", params: global, may: ["admin"] }],
  listInvitations: [{ may: WRITE }, { about: "of @global", params: global, may: ["admin"] }],
  revokeInvitation: [{ may: WRITE }],
  readCaller: [{ may: USERS }],
  listProblems: [{ may: PEOPLE }],
  readProblem: [{ may: PEOPLE }],
};

const cases = Object.entries<Operation>(operations).flatMap(([name, operation]) =>
  Object.entries(USES)
    .filter(([used]) => used === name)
    .flatMap(([, uses]) => uses.map((use) => ({ what: [name, use.about].join(" ").trim(), operation, use }))),
);

test("every operation has somebody who may", () => {
  expect(Object.keys(USES).toSorted()).toEqual(Object.keys(operations).toSorted());
  for (const { use } of cases) expect(use.may).not.toEqual([]);
});

const asUser = (person: Person): Record<string, string> =>
  person === "anonymous" ? {} : { "x-user": person === "admin" ? "root" : person };

describe.each(cases)("$what", ({ operation, use }) => {
  const send = async (person: Person, where: "here" | "elsewhere" = "here") => {
    const scene = await aScene(use.task ?? "running", where);
    const path = fillPath(operation.path, { ...scene.params, ...use.params });
    const headers = asUser(person);
    const body = use.body?.(scene);
    return api.send(operation.method, path, { headers, ...(body && { body }) });
  };

  test.each(PEOPLE.filter((person) => use.may.includes(person)))("is for: %s", async (person) => {
    const answer = await send(person);

    expect({ status: answer.status, body: answer.body }).toMatchObject({
      status: expect.toBeOneOf([200, 201, 202, 204]),
    });
  });

  test.each(PEOPLE.filter((person) => !use.may.includes(person)))("is not for: %s", async (person) => {
    expectProblem(await send(person), person === "anonymous" ? "unauthorized" : "forbidden");
  });

  const isOpen = operation.access === "anyone" || operation.access === "user";
  if (isOpen || use.params !== undefined) return;
  test("is not for who may all of it in another room", async () => {
    for (const person of ["reader", "member"] as const) {
      expectProblem(await send(person, "elsewhere"), "forbidden");
    }
    const isAdmins = use.may.includes("admin");
    const { status } = await send("admin", "elsewhere");
    expect(status).toBeOneOf(isAdmins ? [200, 201, 202, 204] : [403]);
  });
});

describe("in @global", () => {
  // By the rule alone, so that an operation that is new is covered before anybody has thought of it.
  const rules: Partial<Record<Access, readonly Person[]>> = {
    "room-read": USERS,
    "room-write": ["admin"],
    "room-register": ["admin"],
  };
  const inRooms = [...Object.entries<Operation>(operations), ...Object.entries<StreamOperation>(streams)]
    .filter(([, { path }]) => path.includes(":room_id"))
    .map(([name, entry]) => ({ name, entry }));

  test.each(inRooms)("$name is for whom its rule names", async ({ entry }) => {
    const may = rules[entry.access] ?? [];
    expect(may).not.toEqual([]);
    const { params } = await aScene("running");
    const path = fillPath(entry.path, { ...params, ...global });
    const method = "method" in entry ? entry.method : "GET";
    for (const person of PEOPLE) {
      const headers = { ...asUser(person), prefer: "wait=0" };
      const answer = await api.send(method, path, { headers, ...(method !== "GET" && { body: {} }) });

      if (!may.includes(person)) expectProblem(answer, person === "anonymous" ? "unauthorized" : "forbidden");
      else expect(answer.status).not.toBeOneOf([401, 403, 500, 503]);
    }
  });
});

describe("the streams are for whom their rule names", () => {
  const may: Record<StreamName, readonly Person[]> = {
    followTask: [...READ, "submitter", "owner"],
    followRoom: READ,
  };
  const each = Object.entries<StreamOperation>(streams).flatMap(([name, { path }]) =>
    (["here", "elsewhere"] as const).flatMap((where) =>
      PEOPLE.map((person) => ({ name, path, person, where })),
    ),
  );

  test("every stream has somebody who may", () => {
    expect(Object.keys(may).toSorted()).toEqual(Object.keys(streams).toSorted());
  });

  test.each(each)("$name: $person, with rights $where", async ({ name, path, person, where }) => {
    const { params } = await aScene("running", where);
    const headers = { prefer: "wait=0", ...asUser(person) };
    const answer = await api.send("GET", fillPath(path, params), { headers });
    const named = Object.entries(may).find(([stream]) => stream === name)?.[1] ?? [];
    const allowed = where === "here" ? named : named.filter((one) => one !== "reader" && one !== "member");

    if (allowed.includes(person)) expect(answer.status).toBe(200);
    else expectProblem(answer, person === "anonymous" ? "unauthorized" : "forbidden");
  });
});

test("in @global everybody reads, and writes who the host lets", async () => {
  const job = await api.registerJob("@global", {}, "root");
  const path = `/rooms/@global/tasks/${job.full_name}`;

  expectProblem(await api.as("stranger").post(path), "forbidden");
  const { id } = ok(await api.as("ann").post(path), 202);
  expect(ok(await api.as("stranger").get(`/tasks/${id}`)).room_id).toBe("@global");
});

test("without authorizeRoom every user may read and write every room, and only admins @global's jobs", async () => {
  const open = await openApi({ orm: api.orm, allowAllRooms: true });
  const room = newRoomId();

  const job = await open.registerJob(room, {}, "stranger");
  ok(await open.as("other").post(`/rooms/${room}/tasks/${job.full_name}`), 202);
  const body = { category: "m", name: "G", schema: {} };
  expectProblem(await open.as("stranger").put("/rooms/@global/jobs", { body }), "forbidden");
  expectProblem(await open.as(undefined).get(`/rooms/${room}/jobs`), "unauthorized");
  await open.close();
});
