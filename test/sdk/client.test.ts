import { describe, expect, test } from "vitest";
import { Problem } from "../../protocol/index.ts";
import { JoblibClient } from "../../sdk/client.ts";
import { JobNotFoundError, ProtocolError, ServiceUnavailableError, UsageError } from "../../sdk/errors.ts";
import { startFake } from "./network.ts";

const withJob = async () => {
  const network = startFake();
  const body = { category: "tests", name: "Job", schema: { type: "object" } };
  await network.client.call("registerJob", { params: { room_id: "lab" }, body });
  return network;
};

const JOB = "private:tests:Job";

describe("a call", () => {
  test("sends what the operation takes, and gives status, body and headers", async () => {
    const { client } = await withJob();

    const answer = await client.call("listJobs", { params: { room_id: "lab" }, query: { limit: 1 } });

    expect(answer).toMatchObject({ status: 200, body: { total: 1, limit: 1, items: [{ name: "Job" }] } });
    expect(answer.headers["content-type"]).toBe("application/json");
  });

  test("raises a problem as the class of its id", async () => {
    const { client } = await withJob();

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

  test("is tried again where that is safe, and the server says for how long to wait", async () => {
    const { fake, client, instead } = await withJob();
    let tries = 0;
    const keys = new Set<string | null>();
    instead({
      submitTask: (request) => {
        keys.add(request.headers.get("idempotency-key"));
        tries += 1;
        const answer = fake.fakes.submitTask?.(request);
        if (tries < 3 || answer === undefined)
          throw new Problem("service-unavailable", "lost", { retryAfter: 0 });
        return answer;
      },
    });

    const { status } = await client.call("submitTask", { params: { room_id: "lab", job_name: JOB } });

    expect([tries, keys.size, status, fake.tasks.length]).toEqual([3, 1, 200, 1]);
  });

  test("is not tried again where twice is not once", async () => {
    const { client, instead } = await withJob();
    let tries = 0;
    instead({
      submitTasks: () => {
        tries += 1;
        throw new Problem("service-unavailable", "who knows");
      },
    });
    const request = { params: { room_id: "lab" }, body: { tasks: [{ job_name: JOB }] } };

    await expect(client.call("submitTasks", request)).rejects.toThrow(ServiceUnavailableError);

    expect(tries).toBe(1);
  });

  test("asks for the token every time, and does not print a bad one", async () => {
    const seen: (string | null)[] = [];
    const { instead } = startFake();
    instead({
      listProblems: ({ headers }) => {
        seen.push(headers.get("authorization"));
        return { status: 200, body: { items: [] } };
      },
    });
    const tokens = ["one", "two\n", "bad\u0007token"];
    const token = () => tokens.shift() ?? "";
    const client = new JoblibClient({ url: "http://joblib.test", fetch: (...args) => fetch(...args), token });

    await client.call("listProblems", {});
    await client.call("listProblems", {});
    const error = await client.call("listProblems", {}).catch((thrown: unknown) => thrown);

    expect(seen).toEqual(["Bearer one", "Bearer two"]);
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).not.toContain("bad");
  });

  test("with what would lead to another address is refused before it is sent", async () => {
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
  ])("to %s cannot be", (url) => {
    expect(() => new JoblibClient({ url })).toThrow(UsageError);
  });

  test("keeps the path of the address before its own", () => {
    expect(new JoblibClient({ url: "https://here/jobs//" }).url).toBe("https://here/jobs");
  });
});

describe("awaiting a task", () => {
  test("gives it when it is terminal", async () => {
    const { fake, client } = await withJob();
    const { id } = fake.submit("lab", JOB);

    const awaited = client.awaitTask(id);
    fake.cancel(id);

    await expect(awaited).resolves.toMatchObject({ id, status: "cancelled" });
  });

  test("gives it as it stands when the wait is over", async () => {
    const { fake, client } = await withJob();
    const { id } = fake.submit("lab", JOB);

    await expect(client.awaitTask(id, { wait: 0 })).resolves.toMatchObject({ status: "pending" });
  });

  test("tells every change", async () => {
    const { fake, client } = await withJob();
    const [worker] = fake.workers;
    const { id } = fake.submit("lab", JOB);
    const seen: string[] = [];
    const steps: (() => unknown)[] = [
      () => client.call("claimTask", { body: { worker_id: worker?.id ?? "" } }),
      () => client.call("updateTask", { params: { task_id: id }, body: { status: "running" } }),
      () => client.call("updateTask", { params: { task_id: id }, body: { status: "completed" } }),
    ];

    const onChange = ({ status }: { status: string }) => {
      seen.push(status);
      void steps.shift()?.();
    };
    const task = await client.awaitTask(id, { onChange });

    expect(seen).toEqual(["pending", "claimed", "running", "completed"]);
    expect(task.status).toBe("completed");
  });

  test("stops with the reason of its signal", async () => {
    const { fake, client } = await withJob();
    const { id } = fake.submit("lab", JOB);
    const abort = new AbortController();
    const awaited = client.awaitTask(id, { signal: abort.signal });

    abort.abort(new Error("enough"));

    await expect(awaited).rejects.toThrow("enough");
  });

  test("about another task is no answer", async () => {
    const { fake, client, instead } = await withJob();
    const other = fake.submit("lab", JOB);
    instead({ readTask: () => ({ status: 200, body: other }) });

    await expect(client.awaitTask("mine")).rejects.toThrow(ProtocolError);
  });
});
