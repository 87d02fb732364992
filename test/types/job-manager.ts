import * as z from "zod";
import {
  Extension,
  JobManager,
  type RunContext,
  type SubmittedTask,
  type Task,
  type TaskOutcome,
} from "../../sdk/index.ts";

interface Viewer {
  rotate(angle: number, options: { signal: AbortSignal }): Promise<void>;
}
declare const viewer: Viewer;

/**
 * This function is only compiled and never runs. It compiles only if the SDK's types accept these
 * calls, and reject those that follow `@ts-expect-error`.
 */
export const main = async (): Promise<void> => {
  await using jobs = new JobManager({ url: "http://here", token: async () => "token" }, viewer);

  @jobs.register
  class Rotate extends Extension("modifiers", { angle: z.number().default(0) }) {
    async run(host: Viewer, { signal, progress }: RunContext) {
      await host.rotate(this.angle, { signal });
      progress(1);
    }
  }

  @jobs.register({ public: true })
  class Ping extends Extension("tests", {}) {
    run() {
      return "pong";
    }
  }

  const same: typeof Ping = jobs.register(Ping, { room: "lab", defaults: { maxAttempts: 3 } });
  // @ts-expect-error the option does not exist
  jobs.register(Ping, { rooms: ["lab"] });
  jobs.set("Rotate", Rotate).has("Rotate");

  class Other extends Extension("tests") {
    run(context: { nothing: string }) {
      return context.nothing;
    }
  }
  // @ts-expect-error its context is not a viewer
  jobs.register(Other);
  // @ts-expect-error the decorator also reports that its context is not a viewer
  @jobs.register
  class Another extends Extension("tests") {
    run(context: { nothing: string }) {
      return context.nothing;
    }
  }
  // @ts-expect-error the class is not an extension
  jobs.register(class {});

  for await (const task of jobs.listen({ concurrency: 2 })) {
    const outcome: TaskOutcome = await task.run(viewer);
    // @ts-expect-error the argument is not a viewer
    await task.run({ rotate: 1 });
    if (outcome.status === "completed") break;
  }
  const task: SubmittedTask = await jobs.submit(new Rotate({ angle: 90 }), { room: "lab" });
  const tasks: SubmittedTask[] = await jobs.submit([new same(), new Rotate()]);
  const done: Task = await jobs.client.awaitTask(task.id, { wait: 30 });
  const response = await jobs.client.call("readTask", { params: { task_id: done.id } });
  if (response.status === 200) response.body.attempt.toFixed();
  // @ts-expect-error a 304 has no body
  response.body.attempt;
  // @ts-expect-error the parameter task_id is missing
  await jobs.client.call("readTask", {});
  await jobs.run({
    onOutcome: (task, { status }) => console.log(task.id, status, tasks.length, Another.name),
  });
};
