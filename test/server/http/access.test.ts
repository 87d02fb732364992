import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  fillPath,
  type Operation,
  type OperationName,
  operations,
  type StreamName,
  type StreamOperation,
  streams,
} from "../../../protocol/index.ts";
import { expectProblem, ok } from "./answers.ts";
import { type Api, openApi } from "./api.ts";
import { aRoom } from "./scenes.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi({ invites: true });
});
afterAll(() => api.close());

/**
 * Nobody; who may neither read nor write in the room; who may read; who may do both; who submitted the task and whose
 * worker holds it, both of whom may no longer enter the room; an admin.
 */
const PEOPLE = ["anonymous", "stranger", "reader", "member", "submitter", "owner", "admin"] as const;
type Person = (typeof PEOPLE)[number];

type Status = "claimed" | "running" | "failed" | "late";

const aScene = async (status: Status) => {
  const room = aRoom();
  for (const user of ["member", "submitter", "owner"]) api.grant(user, room, "read", "write");
  api.grant("reader", room, "read");
  const job = await api.registerJob(room, {}, "owner");
  const { id } = await api.submit(room, job.full_name, {}, "submitter");
  await api.claim(job.worker_id, { start: status !== "claimed", user: "owner" });
  if (status === "failed") ok(await api.update(id, { status }, "owner"));
  if (status === "late") {
    ok(await api.update(id, { status: "cancelled" }, "submitter"));
    const late = { status: "completed", worker_id: job.worker_id, attempt: 1 };
    expectProblem(await api.update(id, late, "owner"), "task-lost");
  }
  const invitation = ok(await api.as("member").post(`/rooms/${room}/invitations`), 201);
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
  releaseTasks: [{ task: "claimed", body: () => ({ tasks: [] }), may: OWN }],
  removeWorker: [{ may: ["owner", "admin"] }],
  submitTask: [{ may: WRITE }],
  submitTasks: [{ body: ({ params }) => ({ tasks: [{ job_name: params.job_name }] }), may: WRITE }],
  listRoomTasks: [{ may: READ }, { about: "in @global", params: global, may: USERS }],
  claimTask: [{ body: ({ params }) => ({ worker_id: params.worker_id }), may: OWN }],
  claimTasks: [{ body: () => ({ limit: 1 }), may: OWN }],
  readTask: [{ may: [...READ, "submitter", "owner"] }],
  readTaskLogs: [{ may: [...READ, "submitter", "owner"] }],
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
  readStanding: [{ may: USERS }],
  readHealth: [{ may: USERS }],
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

describe.each(cases)("$what", ({ operation, use }) => {
  const send = async (person: Person) => {
    const scene = await aScene(use.task ?? "running");
    const user = person === "anonymous" ? undefined : person === "admin" ? "root" : person;
    const path = fillPath(operation.path, { ...scene.params, ...use.params });
    const headers: Record<string, string> = user === undefined ? {} : { "x-user": user };
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
});

describe("the streams are for whom their rule names", () => {
  const may: Record<StreamName, readonly Person[]> = {
    followTask: [...READ, "submitter", "owner"],
    followRoom: READ,
  };
  const each = Object.entries<StreamOperation>(streams).flatMap(([name, { path }]) =>
    PEOPLE.map((person) => ({ name, path, person })),
  );

  test.each(each)("$name: $person", async ({ name, path, person }) => {
    const { params } = await aScene("running");
    const user = person === "anonymous" ? undefined : person === "admin" ? "root" : person;
    const headers = { prefer: "wait=0", ...(user !== undefined && { "x-user": user }) };
    const answer = await api.send("GET", fillPath(path, params), { headers });
    const allowed = Object.entries(may).find(([stream]) => stream === name)?.[1] ?? [];

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
  const open = await openApi({ orm: api.orm, everyRoom: true });
  const room = aRoom();

  const job = await open.registerJob(room, {}, "stranger");
  ok(await open.as("other").post(`/rooms/${room}/tasks/${job.full_name}`), 202);
  const body = { category: "m", name: "G", schema: {} };
  expectProblem(await open.as("stranger").put("/rooms/@global/jobs", { body }), "forbidden");
  expectProblem(await open.as(undefined).get(`/rooms/${room}/jobs`), "unauthorized");
  await open.close();
});
