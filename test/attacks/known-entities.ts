import type { Random } from "../support/random.ts";

const MAX_KNOWN = 200;
const UNKNOWN = "01900000-0000-7000-8000-000000000000";

/**
 * Rooms, jobs and ids that exist on the server. A request that refers to them passes more checks
 * than a random request.
 */
export class KnownEntities {
  readonly rooms = ["fuzz", "other", "@global"];
  readonly names = ["Job", "Other"];
  readonly jobs = ["private:fuzz:Job", "private:fuzz:Other", "public:fuzz:Job"];
  readonly #ids = { task: [UNKNOWN], worker: [UNKNOWN], invitation: [UNKNOWN] };

  /** Stores the ids of the tasks, workers and invitations in a response. */
  learn(body: unknown): void {
    if (typeof body !== "object" || body === null) return;
    if ("status" in body && "id" in body) this.#remember("task", body.id);
    if ("heartbeat_seconds" in body && "id" in body) this.#remember("worker", body.id);
    if ("revoked_at" in body && "id" in body) this.#remember("invitation", body.id);
    if ("worker_id" in body) this.#remember("worker", body.worker_id);
    for (const value of Object.values(body)) {
      if (Array.isArray(value)) for (const one of value.slice(0, 5)) this.learn(one);
      else if (typeof value === "object") this.learn(value);
    }
  }

  /**
   * Picks a value for a parameter or member with this name. Returns undefined if there is no known
   * value for the name.
   */
  pickValue(name: string, random: Random): string | undefined {
    if (name === "room_id") return random.pick(this.rooms);
    if (name === "category") return "fuzz";
    if (name === "name") return random.pick(this.names);
    if (name === "job_name") return random.pick(this.jobs);
    if (name === "worker_id") return random.pick(this.#ids.worker);
    if (name === "task_id" || name === "after") return random.pick(this.#ids.task);
    if (name === "invitation_id") return random.pick(this.#ids.invitation);
    if (name === "problem_id") return random.pick(["forbidden", "task-lost", "nothing"]);
    return undefined;
  }

  #remember(kind: "task" | "worker" | "invitation", id: unknown): void {
    if (typeof id !== "string") return;
    const known = this.#ids[kind];
    known.push(id);
    if (known.length > MAX_KNOWN) known.shift();
  }
}
