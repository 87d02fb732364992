import type { Random } from "../support/random.ts";

const MOST_KNOWN = 200;
const UNKNOWN = "01900000-0000-7000-8000-000000000000";

/** What of the server's things the fuzzer has seen: requests that name what exists get further. */
export class World {
  readonly rooms = ["fuzz", "other", "@global"];
  readonly names = ["Job", "Other"];
  readonly jobs = ["private:fuzz:Job", "private:fuzz:Other", "public:fuzz:Job"];
  readonly #seen = { task: [UNKNOWN], worker: [UNKNOWN], invitation: [UNKNOWN] };

  /** Remembers the ids of an answer. */
  learn(body: unknown): void {
    if (typeof body !== "object" || body === null) return;
    if ("status" in body && "id" in body) this.#note("task", body.id);
    if ("heartbeat_seconds" in body && "id" in body) this.#note("worker", body.id);
    if ("revoked_at" in body && "id" in body) this.#note("invitation", body.id);
    if ("worker_id" in body) this.#note("worker", body.worker_id);
    for (const value of Object.values(body)) {
      if (Array.isArray(value)) for (const one of value.slice(0, 5)) this.learn(one);
      else if (typeof value === "object") this.learn(value);
    }
  }

  /** A value for a parameter or a member of that name; undefined where the name says nothing. */
  valueFor(name: string, random: Random): string | undefined {
    if (name === "room_id") return random.pick(this.rooms);
    if (name === "category") return "fuzz";
    if (name === "name") return random.pick(this.names);
    if (name === "job_name") return random.pick(this.jobs);
    if (name === "worker_id") return random.pick(this.#seen.worker);
    if (name === "task_id" || name === "after") return random.pick(this.#seen.task);
    if (name === "invitation_id") return random.pick(this.#seen.invitation);
    if (name === "problem_id") return random.pick(["forbidden", "task-lost", "nothing"]);
    return undefined;
  }

  #note(kind: "task" | "worker" | "invitation", id: unknown): void {
    if (typeof id !== "string") return;
    const known = this.#seen[kind];
    known.push(id);
    if (known.length > MOST_KNOWN) known.shift();
  }
}
