import { describe, expect, test } from "vitest";
import * as z from "zod";
import { Problem } from "../../protocol/index.ts";
import { SchemaConflictError, UsageError, ValidationError } from "../../sdk/errors.ts";
import { Extension, type RunContext } from "../../sdk/extension/extension.ts";
import { startFake } from "./network.ts";

interface Viewer {
  readonly turned: number[];
}

class Rotate extends Extension("modifiers", { angle: z.number().default(0) }) {
  async run(viewer: Viewer, { progress }: RunContext) {
    progress(0.5, "half way");
    viewer.turned.push(this.angle);
    return { turned: this.angle };
  }
}

describe("JobManager.register", () => {
  test("JobManager.register adds a class to the manager, and the manager maps class names to classes", () => {
    const jobs = startFake().createManager<Viewer>({}, { turned: [] });

    const returned = jobs.register(Rotate);

    expect(returned).toBe(Rotate);
    expect([jobs.size, jobs.has("Rotate"), jobs.get("Rotate")]).toEqual([1, true, Rotate]);
    expect([...jobs]).toEqual(["Rotate"]);
    expect([...jobs.entries()]).toEqual([["Rotate", Rotate]]);
    expect([...jobs.values()]).toEqual([Rotate]);
    expect(jobs.delete("Rotate")).toBe(true);
    expect(jobs.delete("Rotate")).toBe(false);
  });

  test("JobManager.register uses the fairness of the class, unless an option of the call overrides it", async () => {
    class Fair extends Extension("modifiers", {}, { fairness: "room" }) {
      run() {}
    }
    const { fake, createManager } = startFake();
    const jobs = createManager<Viewer>({}, { turned: [] });
    jobs.register(Fair);
    jobs.register(Rotate, { fairness: "room" });
    jobs.register(Fair, { room: "other", fairness: "fifo" });

    await jobs.ready();

    expect(fake.jobs.map(({ fairness }) => fairness)).toEqual(["room", undefined, "room"]);
  });

  test("JobManager.register works as a decorator with and without options, and reads the static members of the class", async () => {
    const { fake, createManager } = startFake();
    const jobs = createManager<Viewer>({}, { turned: [] });
    const { register } = jobs;

    @register
    class Here extends Extension("tests") {
      static room = "attic";
      run() {}
    }
    @register({ public: true })
    class Everywhere extends Extension("tests", {}) {
      static description = "for all rooms";
      run() {}
    }
    await jobs.ready();

    expect([...jobs]).toEqual(["Here", "Everywhere"]);
    expect(fake.jobs.map(({ room_id, name }) => [room_id, name])).toEqual([
      ["attic", "Here"],
      ["@global", "Everywhere"],
    ]);
    expect(fake.jobs[1]?.description).toBe("for all rooms");
    expect([new Here(), new Everywhere()]).toHaveLength(2);
  });

  test("JobManager.register rejects a second class with the same name", () => {
    const jobs = startFake().createManager();
    const other = () => {
      class Rotate extends Extension("modifiers", { axis: z.string() }) {
        run() {}
      }
      return Rotate;
    };
    jobs.register(other());

    expect(() => jobs.register(other())).toThrow(/another class is already registered as modifiers:Rotate/);
    expect(() => jobs.set("Turn", other())).toThrow(UsageError);
  });

  test("JobManager.register adds a second room to a class that is already registered", async () => {
    const { fake, createManager } = startFake();
    const jobs = createManager<Viewer>({}, { turned: [] });

    jobs.register(Rotate);
    jobs.register(Rotate, { room: "attic" });
    jobs.register(Rotate, { public: true });
    await jobs.ready();

    expect(jobs.size).toBe(1);
    expect(fake.jobs.map(({ room_id }) => room_id)).toEqual(["lab", "attic", "@global"]);
    expect(fake.workers).toHaveLength(1);
  });

  test("JobManager.ready rejects if a class has no room", async () => {
    const jobs = startFake().createManager<Viewer>({ room: undefined }, { turned: [] });
    jobs.register(Rotate);

    await expect(jobs.ready()).rejects.toThrow(/Rotate is registered without a room/);
  });

  test("JobManager.register rejects a class that is not an extension or has no name", () => {
    const jobs = startFake().createManager();

    // @ts-expect-error the class is not an extension
    expect(() => jobs.register(class Foo {})).toThrow(UsageError);
    expect(() =>
      jobs.register(
        (() =>
          class extends Extension("tests") {
            run() {}
          })(),
      ),
    ).toThrow(/is not a valid job name/);
  });

  test("JobManager.ready rejects after a schema conflict, and removes the manager's worker", async () => {
    const { fake, client, createManager } = startFake();
    await client.call("registerJob", {
      params: { room_id: "lab" },
      body: { category: "modifiers", name: "Rotate", schema: { type: "object" } },
    });
    const jobs = createManager<Viewer>({}, { turned: [] });
    jobs.register(Rotate);

    const error = await jobs.ready().catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(SchemaConflictError);
    expect(error).toHaveProperty("diff.length");
    expect(fake.workers).toHaveLength(1);
  });

  test("JobManager.ready adds the job name to the server's error", async () => {
    const { createManager, override } = startFake();
    override({
      registerJob: () => {
        throw new Problem("validation-error", "The job's schema cannot be used.", {
          errors: [{ pointer: "/schema/properties/angle/pattern", detail: "uses lookaround" }],
        });
      },
    });
    const jobs = createManager<Viewer>({}, { turned: [] });
    jobs.register(Rotate);

    const error = await jobs.ready().catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(ValidationError);
    expect(error).toMatchObject({
      message: "lab:modifiers:Rotate: The job's schema cannot be used.",
      errors: [{ pointer: "/schema/properties/angle/pattern" }],
    });
  });

  test("JobManager.delete rejects the name of a job that is registered with the server", async () => {
    const jobs = startFake().createManager<Viewer>({}, { turned: [] });
    jobs.register(Rotate);
    await jobs.ready();

    expect(() => jobs.delete("Rotate")).toThrow(/already registered with the server/);
  });
});

describe("JobManager.submit", () => {
  test("JobManager.submit sends the input of the instance to the room's job", async () => {
    const { fake, createManager } = startFake();
    const jobs = createManager<Viewer>({}, { turned: [] });
    jobs.register(Rotate);
    await jobs.ready();

    const task = await jobs.submit(new Rotate(), { priority: 5, maxAttempts: 2, backoff: { maxSeconds: 9 } });

    expect(task).toMatchObject({
      job_name: "private:modifiers:Rotate",
      room_id: "lab",
      payload: {},
      priority: 5,
    });
    expect(fake.task(task.id)).toMatchObject({
      max_attempts: 2,
      backoff: { kind: "exponential", max_seconds: 9 },
    });
  });

  test("JobManager.submit submits to the public job if the class is public", async () => {
    const { createManager } = startFake();
    const jobs = createManager<Viewer>({}, { turned: [] });
    jobs.register(Rotate, { public: true });
    await jobs.ready();

    const task = await jobs.submit(new Rotate({ angle: 3 }), { room: "elsewhere" });

    expect(task).toMatchObject({
      job_name: "public:modifiers:Rotate",
      room_id: "elsewhere",
      payload: { angle: 3 },
    });
  });

  test("JobManager.submit submits to the room of the class instead of the manager's room", async () => {
    const { createManager } = startFake();
    const jobs = createManager();
    class Attic extends Extension("tests") {
      static room = "attic";
      run() {}
    }
    jobs.register(Attic);
    await jobs.ready();

    await expect(jobs.submit(new Attic())).resolves.toMatchObject({ room_id: "attic" });
  });

  test("JobManager.submit submits an array of instances in one request", async () => {
    const { fake, createManager } = startFake();
    const jobs = createManager<Viewer>({}, { turned: [] });
    jobs.register(Rotate);
    await jobs.ready();

    const tasks = await jobs.submit([new Rotate({ angle: 1 }), new Rotate({ angle: 2 })]);

    expect(tasks.map(({ payload }) => payload)).toEqual([{ angle: 1 }, { angle: 2 }]);
    expect(fake.tasks).toHaveLength(2);
    await expect(jobs.submit([], {})).resolves.toEqual([]);
  });

  test("JobManager.submit splits a large array into requests of 1,000 tasks and keeps the order", async () => {
    const { fake, createManager } = startFake();
    const jobs = createManager<Viewer>({}, { turned: [] });
    jobs.register(Rotate);
    await jobs.ready();

    const angles = Array.from({ length: 1001 }, (_, angle) => angle);
    const tasks = await jobs.submit(angles.map((angle) => new Rotate({ angle })));

    expect(tasks.map(({ payload }) => payload["angle"])).toEqual(angles);
    expect(fake.tasks).toHaveLength(1001);
  });

  test("JobManager.submit returns the same task for the same idempotency key", async () => {
    const { fake, createManager } = startFake();
    const jobs = createManager<Viewer>({}, { turned: [] });
    jobs.register(Rotate);
    await jobs.ready();

    const first = await jobs.submit(new Rotate(), { idempotencyKey: "once" });
    const second = await jobs.submit(new Rotate(), { idempotencyKey: "once" });

    expect(second.id).toBe(first.id);
    expect(fake.tasks).toHaveLength(1);
  });
});

describe("JobManager.dispose", () => {
  test("JobManager.dispose finishes running tasks, requeues the other claimed tasks, and deregisters the worker", async () => {
    const { fake, createManager } = startFake();
    const gate = Promise.withResolvers<void>();
    class Slow extends Extension("tests") {
      async run() {
        await gate.promise;
        return "done";
      }
    }
    const jobs = createManager();
    jobs.register(Slow);
    await jobs.ready();
    const [one, two] = await jobs.submit([new Slow(), new Slow()]);
    const stream = jobs.listen({ concurrency: 2 });
    const first = await stream.next();
    const outcome = first.value?.run();
    await fake.waitFor(one?.id ?? "", ({ status }) => status === "running");

    const disposed = jobs.dispose();
    gate.resolve();
    await disposed;

    await expect(outcome).resolves.toMatchObject({ status: "completed" });
    expect(fake.task(two?.id ?? "")).toMatchObject({ status: "pending", runs: 0 });
    expect(fake.workers).toEqual([]);
    expect(() => jobs.listen()).toThrow(/disposed/);
  });
});
