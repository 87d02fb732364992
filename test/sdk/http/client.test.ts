import { describe, expect, test } from "vitest";
import { Problem } from "../../../protocol/index.ts";
import { JobNotFoundError, ProtocolError, ServiceUnavailableError, UsageError } from "../../../sdk/errors.ts";
import { JoblibClient } from "../../../sdk/http/client.ts";
import { startFake } from "../network.ts";

const startWithJob = async () => {
  const network = startFake();
  const body = { category: "tests", name: "Job", schema: { type: "object" } };
  await network.client.call("registerJob", { params: { room_id: "lab" }, body });
  return network;
};

const JOB = "private:tests:Job";

describe("JoblibClient.call", () => {
  test("JoblibClient.call sends parameters and query, and returns status, body and headers", async () => {
    const { client } = await startWithJob();

    const response = await client.call("listJobs", { params: { room_id: "lab" }, query: { limit: 1 } });

    expect(response).toMatchObject({ status: 200, body: { total: 1, limit: 1, items: [{ name: "Job" }] } });
    expect(response.headers["content-type"]).toBe("application/json");
  });

  test("JoblibClient.call throws a problem as an instance of the class for its id", async () => {
    const { client } = await startWithJob();

    const error = await client
      .call("readJob", { params: { room_id: "lab", job_name: "private:a:b" } })
      .catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(JobNotFoundError);
    expect(error).toMatchObject({
      id: "job-not-found",
      status: 404,
      problem: { detail: expect.any(String) },
    });
  });

  test("JoblibClient.call retries an operation that can be repeated safely, after the delay in the server's Retry-After header", async () => {
    const { fake, client, override } = await startWithJob();
    let attempts = 0;
    const keys = new Set<string | null>();
    override({
      submitTask: (request) => {
        keys.add(request.headers.get("idempotency-key"));
        attempts += 1;
        const response = fake.fakes.submitTask?.(request);
        if (attempts < 3 || response === undefined)
          throw new Problem("service-unavailable", "lost", { retryAfter: 0 });
        return response;
      },
    });

    const { status } = await client.call("submitTask", { params: { room_id: "lab", job_name: JOB } });

    expect([attempts, keys.size, status, fake.tasks.length]).toEqual([3, 1, 200, 1]);
  });

  test("JoblibClient.call does not retry an operation that cannot be repeated safely", async () => {
    const { client, override } = await startWithJob();
    let attempts = 0;
    override({
      submitTasks: () => {
        attempts += 1;
        throw new Problem("service-unavailable", "who knows");
      },
    });
    const request = { params: { room_id: "lab" }, body: { tasks: [{ job_name: JOB }] } };

    await expect(client.call("submitTasks", request)).rejects.toThrow(ServiceUnavailableError);

    expect(attempts).toBe(1);
  });

  test("JoblibClient.call reads the token before every request, and does not print an invalid token", async () => {
    const authorizations: (string | null)[] = [];
    const { override } = startFake();
    override({
      listProblems: ({ headers }) => {
        authorizations.push(headers.get("authorization"));
        return { status: 200, body: { items: [] } };
      },
    });
    const tokens = ["one", "two\n", "bad\u0007token"];
    const token = () => tokens.shift() ?? "";
    const client = new JoblibClient({ url: "http://joblib.test", fetch: (...args) => fetch(...args), token });

    await client.call("listProblems", {});
    await client.call("listProblems", {});
    const error = await client.call("listProblems", {}).catch((thrown: unknown) => thrown);

    expect(authorizations).toEqual(["Bearer one", "Bearer two"]);
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).not.toContain("bad");
  });

  test("JoblibClient.call rejects a parameter that would change the path", async () => {
    const { client } = startFake();

    for (const task_id of ["", ".", ".."]) {
      await expect(client.call("readTask", { params: { task_id } })).rejects.toThrow(UsageError);
    }
  });

  test.each([
    "ftp://here",
    "nowhere",
    "http://me:secret@here",
    "http://here?a=b",
  ])("JoblibClient rejects the url %s", (url) => {
    expect(() => new JoblibClient({ url })).toThrow(UsageError);
  });

  test("JoblibClient keeps the path of the url as a prefix", () => {
    expect(new JoblibClient({ url: "https://here/jobs//" }).url).toBe("https://here/jobs");
  });
});

describe("JoblibClient.awaitTask", () => {
  test("JoblibClient.awaitTask returns the task when it has ended", async () => {
    const { fake, client } = await startWithJob();
    const { id } = fake.submit("lab", JOB);

    const awaited = client.awaitTask(id);
    fake.cancel(id);

    await expect(awaited).resolves.toMatchObject({ id, status: "cancelled" });
  });

  test("JoblibClient.awaitTask returns the current task if it has not ended after the wait", async () => {
    const { fake, client } = await startWithJob();
    const { id } = fake.submit("lab", JOB);

    await expect(client.awaitTask(id, { wait: 0 })).resolves.toMatchObject({ status: "pending" });
  });

  test("JoblibClient.awaitTask calls onChange for every change of the task's status", async () => {
    const { fake, client } = await startWithJob();
    const [worker] = fake.workers;
    const { id } = fake.submit("lab", JOB);
    const statuses: string[] = [];
    const changes: (() => unknown)[] = [
      () => client.call("claimTask", { body: { worker_id: worker?.id ?? "" } }),
      () => client.call("updateTask", { params: { task_id: id }, body: { status: "running" } }),
      () => client.call("updateTask", { params: { task_id: id }, body: { status: "completed" } }),
    ];

    const onChange = ({ status }: { status: string }) => {
      statuses.push(status);
      void changes.shift()?.();
    };
    const task = await client.awaitTask(id, { onChange });

    expect(statuses).toEqual(["pending", "claimed", "running", "completed"]);
    expect(task.status).toBe("completed");
  });

  test("JoblibClient.awaitTask rejects with the abort reason of its signal", async () => {
    const { fake, client } = await startWithJob();
    const { id } = fake.submit("lab", JOB);
    const abort = new AbortController();
    const awaited = client.awaitTask(id, { signal: abort.signal });

    abort.abort(new Error("enough"));

    await expect(awaited).rejects.toThrow("enough");
  });

  test("JoblibClient.awaitTask rejects a response that contains another task", async () => {
    const { fake, client, override } = await startWithJob();
    const other = fake.submit("lab", JOB);
    override({ readTask: () => ({ status: 200, body: other }) });

    await expect(client.awaitTask("mine")).rejects.toThrow(ProtocolError);
  });
});
