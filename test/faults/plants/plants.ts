import { closedRooms } from "../cases/b12-closed-rooms.ts";
import { undisturbed } from "../cases/f00-undisturbed.ts";
import { forgetfulWorker } from "../cases/f07-too-late.ts";
import { beatsAtTheThreshold } from "../cases/f22-races.ts";
import type { Plant } from "./plant.ts";

/** The defects that the checker must find, each in the words in which somebody could have made it. */
export const plants: readonly Plant[] = [
  {
    name: "a step that does not ask whose the task is",
    edits: [
      {
        file: "server/storage/queries/transition-tasks.js",
        remove: `
        and (s.worker_id is null or t.worker_id = s.worker_id)
        and (s.attempt is null or t.attempt = s.attempt)`,
        insert: "",
      },
    ],
    shownBy: forgetfulWorker,
    invariants: ["I4"],
  },
  {
    name: "an event that is told before the commit",
    edits: [
      {
        file: "server/use-cases/update-task.js",
        remove: "const after = await context.storage.tasks.transition({",
        insert: `void context.bus.publish([{ kind: "task-changed", taskId, roomId: "", workerId: null, status }]);
    const after = await context.storage.tasks.transition({`,
      },
      {
        file: "server/use-cases/update-task.js",
        remove: `const events = after.task.status === "pending" ? tasksTaken([after]) : [taskChanged(after)];`,
        insert: "const events = [];",
      },
    ],
    shownBy: undisturbed,
    invariants: ["I8"],
  },
  {
    name: "a sweep that trusts what it read before",
    edits: [
      {
        file: "server/storage/queries/end-worker.js",
        remove: `where id = \${id}::uuid
      and last_heartbeat < clock_timestamp() - make_interval(secs => \${thresholdSeconds}::float8)
    for update skip locked`,
        insert: `where id = \${id}::uuid
    for update skip locked`,
      },
    ],
    shownBy: beatsAtTheThreshold,
    invariants: ["I14"],
  },
  {
    name: "a wait that reads before it subscribes",
    edits: [
      {
        file: "server/use-cases/await-task.js",
        remove: "const unsubscribe = await ports.bus.subscribe(",
        insert: `const early = await findTask(ports, taskId);
    const unsubscribe = await ports.bus.subscribe(`,
      },
      {
        file: "server/use-cases/await-task.js",
        remove: "(isFirst ? undefined : end) ?? (await findTask(ports, taskId))",
        insert: "(isFirst ? early : end) ?? (await findTask(ports, taskId))",
      },
    ],
    shownBy: undisturbed,
    invariants: ["I8"],
  },
  {
    name: "a task that is shown to whoever knows its id",
    edits: [
      {
        file: "server/access.js",
        remove: "|| mayRead(caller, record.task.room_id);",
        insert: "|| true;",
      },
    ],
    shownBy: closedRooms,
    invariants: ["I10"],
  },
];
