import { tmpdir } from "node:os";
import { join } from "node:path";
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
import { newJobName, newRoomId } from "./fixtures.ts";
import { expectProblem, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi({ withInvitations: true, settings: { files_dir: join(tmpdir(), "unused") } });
});
afterAll(() => api.close());

/**
 * `anonymous` sends no credentials. `outsider` has no access to the room, `reader` can read it, and
 * `member` can read and write it. `submitter` submitted the task, and `owner` owns the worker that
 * claimed the task. After that, `submitter` and `owner` lost their access to the room.
 */
const ROLES = ["anonymous", "outsider", "reader", "member", "submitter", "owner", "admin"] as const;
type Role = (typeof ROLES)[number];

type Status = "claimed" | "running" | "failed" | "late";

/**
 * Creates a task with the given status. If `where` is "elsewhere", the reader and the member have
 * access to another room, but not to the room of the task.
 */
const createScenario = async (status: Status, where: "here" | "elsewhere" = "here") => {
  const room = newRoomId();
  const accessibleRoom = where === "here" ? room : newRoomId();
  for (const user of ["submitter", "owner"]) api.grant(user, room, "read", "write");
  api.grant("member", accessibleRoom, "read", "write");
  api.grant("reader", accessibleRoom, "read");
  const job = await api.registerJob(room, {}, "owner");
  const { id } = await api.submit(room, job.full_name, {}, "submitter");
  await api.claim(job.worker_id, { start: status !== "claimed", user: "owner" });
  if (status === "failed") ok(await api.update(id, { status }, "owner"));
  if (status === "late") {
    ok(await api.update(id, { status: "cancelled" }, "submitter"));
    const late = { status: "completed", worker_id: job.worker_id, attempt: 1 };
    expectProblem(await api.update(id, late, "owner"), "task-lost");
  }
  const registration = { category: "data", name: newJobName(), schema: {}, worker_id: job.worker_id };
  const provider = ok(await api.as("owner").put(`/rooms/${room}/providers`, { body: registration }), 201);
  const inviter = where === "here" ? "member" : "root";
  const invitation = ok(await api.as(inviter).post(`/rooms/${room}/invitations`), 201);
  const newFile = { body: { name: "a", size: 1 } };
  const file = ok(await api.as("submitter").post(`/rooms/${room}/files`, newFile), 201);
  for (const user of ["submitter", "owner"]) api.grant(user, room);
  const params = {
    room_id: room,
    job_name: job.full_name,
    worker_id: job.worker_id,
    task_id: id,
    file_id: file.id,
    invitation_id: invitation.id,
    provider_name: provider.full_name,
    provider_id: provider.id,
    provider_path: `/rooms/${room}/providers/${provider.full_name}`,
    read_id: "none",
  };
  return { job, params: { ...params, problem_id: "forbidden" } };
};
type Scenario = Awaited<ReturnType<typeof createScenario>>;

/**
 * A call of an operation: the status of the task before the call, the request, and the roles that
 * may send the request.
 */
interface Call {
  readonly variant?: string;
  readonly task?: Status;
  readonly params?: Record<string, string>;
  readonly body?: (scenario: Scenario, role: Role) => object | Promise<object>;
  readonly allowed: readonly Role[];
}

const USERS = ROLES.filter((role) => role !== "anonymous");
const READ: readonly Role[] = ["reader", "member", "admin"];
const WRITE: readonly Role[] = ["member", "admin"];
const OWN: readonly Role[] = ["owner"];
const toRegistration = ({ job: { category, name, schema } }: Scenario) => ({ category, name, schema });
const toUpdates = ({ params }: Scenario) => ({ updates: [{ id: params.task_id, status: "completed" }] });
const global = { room_id: "@global" };
/** Returns a registration with a new worker of the caller. */
const toProviderRegistration = async (scenario: Scenario, role: Role) => {
  const isUser = role !== "anonymous";
  const worker = isUser ? (await api.createWorker(toUser(role))).id : scenario.params.worker_id;
  return { category: "data", name: newJobName(), schema: {}, worker_id: worker };
};
/** Sends a request to the provider, and lets the worker claim the request. */
const claimRead = async ({ params }: Scenario) => {
  const { provider_path, worker_id } = params;
  const reading = api.as("root").get(provider_path, { headers: { prefer: "wait=5" } });
  const claim = { body: { limit: 1 }, headers: { prefer: "wait=5" } };
  const { reads } = ok(await api.as("owner").post(`/workers/${worker_id}/reads/claim`, claim));
  reading.catch(() => {});
  params.read_id = reads[0]?.id ?? "";
  return { reason: "failed", detail: "no" };
};

const CALLS: Record<OperationName, readonly Call[]> = {
  registerJob: [
    { body: toRegistration, allowed: WRITE },
    { variant: "in @global", params: global, body: toRegistration, allowed: ["admin"] },
  ],
  listJobs: [{ allowed: READ }, { variant: "in @global", params: global, allowed: USERS }],
  readJob: [{ allowed: READ }],
  listJobTasks: [{ allowed: READ }],
  validatePayload: [{ body: () => ({ payload: {} }), allowed: READ }],
  registerProvider: [
    { body: toProviderRegistration, allowed: WRITE },
    { variant: "in @global", params: global, body: toProviderRegistration, allowed: ["admin"] },
  ],
  listProviders: [{ allowed: READ }, { variant: "in @global", params: global, allowed: USERS }],
  readProvider: [{ allowed: READ }],
  claimReads: [{ body: () => ({ limit: 1 }), allowed: OWN }],
  failRead: [{ body: claimRead, allowed: OWN }],
  invalidateAnswers: [{ allowed: OWN }],
  createFile: [
    { body: () => ({ name: "a", size: 1 }), allowed: WRITE },
    { variant: "in @global", params: global, body: () => ({ name: "a", size: 1 }), allowed: ["admin"] },
  ],
  createTaskFile: [{ body: () => ({ name: "a", size: 1, attempt: 1 }), allowed: ["owner", "admin"] }],
  readFile: [{ allowed: ["submitter", "admin"] }],
  listTaskFiles: [{ allowed: [...READ, "submitter", "owner"] }],
  createWorker: [{ allowed: USERS }],
  heartbeat: [{ allowed: OWN }],
  listWorkers: [{ allowed: USERS }],
  listRoomWorkers: [{ allowed: READ }, { variant: "in @global", params: global, allowed: USERS }],
  readWorker: [{ allowed: [...READ, "owner"] }],
  drainWorker: [{ allowed: ["owner", "admin"] }],
  releaseTasks: [{ task: "claimed", body: () => ({ tasks: [] }), allowed: OWN }],
  removeWorker: [{ allowed: ["owner", "admin"] }],
  listRooms: [{ allowed: USERS }],
  readRoomStats: [{ allowed: READ }, { variant: "in @global", params: global, allowed: USERS }],
  readStats: [{ allowed: ["admin"] }],
  readHealth: [{ allowed: USERS }],
  submitTask: [{ allowed: WRITE }],
  submitTasks: [{ body: ({ params }) => ({ tasks: [{ job_name: params.job_name }] }), allowed: WRITE }],
  submitBatch: [{ body: ({ params }) => ({ submissions: [{ job_name: params.job_name }] }), allowed: WRITE }],
  listRoomTasks: [{ allowed: READ }, { variant: "in @global", params: global, allowed: USERS }],
  cancelTasks: [{ body: () => ({ filter: {} }), allowed: READ }],
  retryTasks: [{ body: () => ({ filter: {} }), allowed: READ }],
  claimTask: [{ body: ({ params }) => ({ worker_id: params.worker_id }), allowed: OWN }],
  claimTasks: [{ body: () => ({ limit: 1 }), allowed: OWN }],
  readTask: [{ allowed: [...READ, "submitter", "owner"] }],
  readTaskLogs: [{ allowed: [...READ, "submitter", "owner"] }],
  readTaskOutput: [{ allowed: [...READ, "submitter", "owner"] }],
  diagnoseTask: [{ allowed: [...READ, "submitter", "owner"] }],
  listAttempts: [{ allowed: [...READ, "submitter", "owner"] }],
  updateTask: [
    {
      variant: "to start",
      task: "claimed",
      body: () => ({ status: "running" }),
      allowed: ["owner", "admin"],
    },
    { variant: "to complete", body: () => ({ status: "completed" }), allowed: ["owner", "admin"] },
    { variant: "to fail", body: () => ({ status: "failed" }), allowed: ["owner", "admin"] },
    {
      variant: "with lines of its log",
      body: () => ({ log: [{ number: 0, text: "a" }] }),
      allowed: ["owner", "admin"],
    },
    {
      variant: "with parts of its output",
      body: () => ({ output: { number: 0, parts: ["a"] } }),
      allowed: ["owner", "admin"],
    },
    { variant: "with progress", body: () => ({ progress: {} }), allowed: ["owner", "admin"] },
    { variant: "to cancel", body: () => ({ status: "cancelled" }), allowed: ["submitter", "owner", "admin"] },
  ],
  updateTasks: [{ body: toUpdates, allowed: OWN }],
  retryTask: [{ task: "failed", allowed: ["submitter", "admin"] }],
  listLateResults: [{ allowed: ["submitter", "admin"] }],
  adoptLateResult: [{ task: "late", allowed: ["submitter", "admin"] }],
  createInvitation: [{ allowed: WRITE }, { variant: "to @global", params: global, allowed: ["admin"] }],
  listInvitations: [{ allowed: WRITE }, { variant: "of @global", params: global, allowed: ["admin"] }],
  revokeInvitation: [{ allowed: WRITE }],
  readCaller: [{ allowed: USERS }],
  listProblems: [{ allowed: ROLES }],
  readProblem: [{ allowed: ROLES }],
};

const cases = Object.entries<Operation>(operations).flatMap(([name, operation]) =>
  Object.entries(CALLS)
    .filter(([operationName]) => operationName === name)
    .flatMap(([, calls]) =>
      calls.map((call) => ({ what: [name, call.variant].join(" ").trim(), operation, call })),
    ),
);

test("the access test has a call for every operation, and at least one role may send each call", () => {
  expect(Object.keys(CALLS).toSorted()).toEqual(Object.keys(operations).toSorted());
  for (const { call } of cases) expect(call.allowed).not.toEqual([]);
});

const toUser = (role: Role) => (role === "admin" ? "root" : role);
const toHeaders = (role: Role): Record<string, string> =>
  role === "anonymous" ? {} : { "x-user": toUser(role) };

describe.each(cases)("$what", ({ what, operation, call }) => {
  const send = async (role: Role, where: "here" | "elsewhere" = "here") => {
    const scenario = await createScenario(call.task ?? "running", where);
    const body = await call.body?.(scenario, role);
    const path = fillPath(operation.path, { ...scenario.params, ...call.params });
    const headers = toHeaders(role);
    return api.send(operation.method, path, { headers, ...(body && { body }) });
  };

  test.each(
    ROLES.filter((role) => call.allowed.includes(role)),
  )(`the operation ${what} accepts the role %s`, async (role) => {
    const response = await send(role);

    expect({ status: response.status, body: response.body }).toMatchObject({
      status: expect.toBeOneOf([200, 201, 202, 204]),
    });
  });

  test.each(
    ROLES.filter((role) => !call.allowed.includes(role)),
  )(`the operation ${what} rejects the role %s`, async (role) => {
    expectProblem(await send(role), role === "anonymous" ? "unauthorized" : "forbidden");
  });

  const isOpen = operation.access === "anyone" || operation.access === "user";
  if (isOpen || call.params !== undefined) return;
  test(`the operation ${what} rejects readers and members of another room`, async () => {
    for (const role of ["reader", "member"] as const) {
      expectProblem(await send(role, "elsewhere"), "forbidden");
    }
    const isAllowedForAdmins = call.allowed.includes("admin");
    const { status } = await send("admin", "elsewhere");
    expect(status).toBeOneOf(isAllowedForAdmins ? [200, 201, 202, 204] : [403]);
  });
});

describe("access to @global", () => {
  // The expected roles are derived from the access rules, so that the test also covers new
  // operations.
  const rules: Partial<Record<Access, readonly Role[]>> = {
    "room-read": USERS,
    "room-write": ["admin"],
    "room-register": ["admin"],
  };
  const inRooms = [...Object.entries<Operation>(operations), ...Object.entries<StreamOperation>(streams)]
    .filter(([, { path }]) => path.includes(":room_id"))
    .map(([name, entry]) => ({ name, entry }));

  test.each(inRooms)("the operation $name in @global accepts exactly the roles of its access rule", async ({
    entry,
  }) => {
    const allowed = rules[entry.access] ?? [];
    expect(allowed).not.toEqual([]);
    const { params } = await createScenario("running");
    const path = fillPath(entry.path, { ...params, ...global });
    const method = "method" in entry ? entry.method : "GET";
    for (const role of ROLES) {
      const headers = { ...toHeaders(role), prefer: "wait=0" };
      const response = await api.send(method, path, { headers, ...(method !== "GET" && { body: {} }) });

      if (!allowed.includes(role))
        expectProblem(response, role === "anonymous" ? "unauthorized" : "forbidden");
      else expect(response.status).not.toBeOneOf([401, 403, 500, 503]);
    }
  });
});

describe("event streams", () => {
  const allowed: Record<StreamName, readonly Role[]> = {
    followTask: [...READ, "submitter", "owner"],
    followOutput: [...READ, "submitter", "owner"],
    followRoom: READ,
  };
  const each = Object.entries<StreamOperation>(streams).flatMap(([name, { path }]) =>
    (["here", "elsewhere"] as const).flatMap((where) => ROLES.map((role) => ({ name, path, role, where }))),
  );

  test("every event stream has a list of roles that may read it", () => {
    expect(Object.keys(allowed).toSorted()).toEqual(Object.keys(streams).toSorted());
  });

  test.each(each)("the event stream $name checks the role $role of a user whose access is $where", async ({
    name,
    path,
    role,
    where,
  }) => {
    const { params } = await createScenario("running", where);
    const headers = { prefer: "wait=0", ...toHeaders(role) };
    const response = await api.send("GET", fillPath(path, params), { headers });
    const allowedHere = Object.entries(allowed).find(([stream]) => stream === name)?.[1] ?? [];
    const roles =
      where === "here" ? allowedHere : allowedHere.filter((one) => one !== "reader" && one !== "member");

    if (roles.includes(role)) expect(response.status).toBe(200);
    else expectProblem(response, role === "anonymous" ? "unauthorized" : "forbidden");
  });
});
