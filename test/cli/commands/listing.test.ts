import { describe, expect, test } from "vitest";
import type { Diagnosis, WorkerDetails } from "../../../protocol/index.ts";
import { startFakeApi } from "../fake-api.ts";
import { runCli } from "../run-cli.ts";
import { aCompletedTask, aPage, TASK_ID } from "../wire-values.ts";

const diagnosis: Diagnosis = {
  task_id: TASK_ID,
  status: "pending",
  reason: "no-worker",
  sentence: "No worker that could run it is online.",
  workers: 0,
  busy_workers: 0,
  queue_position: 1,
  run_at: null,
  expected_at: null,
  last_worker_at: null,
  worker_id: null,
  worker_name: null,
  since: "2026-01-02T03:04:05.678Z",
  progress: null,
};

const aWorker = (overrides: Partial<WorkerDetails>): WorkerDetails => ({
  ...{ id: "w1", name: "gpu-box:7", last_heartbeat: "2026-01-02T03:04:05.678Z" },
  ...{ job_count: 1, task_count: 0, online: true, draining: true, jobs: [], tasks: [] },
  ...overrides,
});

describe("diagnosis", () => {
  test("`joblib tasks why` prints the diagnosis in one sentence, and all members of the diagnosis with `--json`", async () => {
    await using api = await startFakeApi(() => ({ status: 200, body: diagnosis }));
    const argv = ["tasks", "why", TASK_ID, "--url", api.url];

    expect(await runCli(argv)).toEqual({ exitCode: 0, stdout: `${diagnosis.sentence}\n`, stderr: "" });
    expect(JSON.parse((await runCli([...argv, "--json"])).stdout)).toEqual(diagnosis);
    expect(api.received[0]).toMatchObject({ method: "GET", path: `/v1/joblib/tasks/${TASK_ID}/diagnosis` });
  });

  test("`joblib tasks why` escapes untrusted text for the terminal", async () => {
    const sentence = "Attempt 1 of 2 failed (\u001b[31mred\u0007)";
    await using api = await startFakeApi(() => ({ status: 200, body: { ...diagnosis, sentence } }));

    expect((await runCli(["tasks", "why", TASK_ID, "--url", api.url])).stdout).not.toMatch(/[\u0007\u001b]/);
  });
});

describe("task list", () => {
  test("`joblib tasks list` sends its filters as query parameters of the API", async () => {
    await using api = await startFakeApi(() => aPage([]));

    await runCli([
      ...["tasks", "list", "--room", "lab", "--url", api.url, "--status", "failed, cancelled"],
      ...["--job", "public:a:b", "--created-by", "ada", "--search", "50 %"],
    ]);

    const query = new URLSearchParams(api.received[0]?.path.split("?")[1]);
    expect(Object.fromEntries(query)).toEqual({
      ...{ limit: "50", offset: "0", status: "failed,cancelled" },
      ...{ job: "public:a:b", created_by: "ada", q: "50 %" },
    });
  });

  test("`joblib tasks list` prints the option that continues the search if not all tasks were searched", async () => {
    const page = { items: [aCompletedTask()], total: 1, limit: 50, offset: 0, searched_to: "t-7" };
    await using api = await startFakeApi(() => ({ status: 200, body: page }));
    const argv = ["tasks", "list", "--search", "x", "--url", api.url];

    expect((await runCli(argv)).stderr).toBe("older tasks were not searched; continue with --after t-7\n");
    expect((await runCli([...argv, "--json"])).stderr).toBe("");
  });
});

describe("workers", () => {
  test.each([
    [0, "draining gpu-box:7; it has no tasks\n"],
    [1, "draining gpu-box:7; it still has 1 task to finish\n"],
    [3, "draining gpu-box:7; it still has 3 tasks to finish\n"],
  ])("`joblib workers drain` prints the number of remaining tasks: %i", async (task_count, stdout) => {
    await using api = await startFakeApi(() => ({ status: 200, body: aWorker({ task_count }) }));

    expect(await runCli(["workers", "drain", "w1", "--url", api.url])).toEqual({
      exitCode: 0,
      stdout,
      stderr: "",
    });
    expect(api.received).toMatchObject([{ method: "POST", path: "/v1/joblib/workers/w1/drain" }]);
  });

  test("`joblib workers list` shows which workers are draining", async () => {
    const { jobs: _, tasks: __, ...listed } = aWorker({});
    await using api = await startFakeApi(() => aPage([listed, { ...listed, id: "w2", draining: false }]));

    const { stdout } = await runCli(["workers", "list", "--url", api.url]);
    expect(stdout).toMatch(/w1 +draining/);
    expect(stdout).toMatch(/w2 +online/);
  });
});

test("`joblib rooms list` shows the numbers of jobs, workers and tasks of each room", async () => {
  const rooms = [
    { room_id: "@global", jobs: 2, workers: 1, pending: 0, running: 0 },
    { room_id: "lab", jobs: 12, workers: 3, pending: 10_000, running: 4 },
  ];
  await using api = await startFakeApi(() => aPage(rooms));

  const { stdout } = await runCli(["rooms", "list", "--url", api.url]);

  expect(stdout).toBe(
    [
      "ROOM     JOBS  WORKERS  PENDING  RUNNING",
      "@global  2     1        0        0",
      "lab      12    3        10000    4",
      "",
    ].join("\n"),
  );
});
