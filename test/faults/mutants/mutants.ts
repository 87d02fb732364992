import { closedRooms } from "../cases/b12-closed-rooms.ts";
import { firstInFirstOut } from "../cases/f00-order.ts";
import { undisturbedWaits } from "../cases/f00-undisturbed.ts";
import { releasedTask } from "../cases/f07-late-updates.ts";
import { heartbeatsDuringSweep } from "../cases/f22-races.ts";
import type { Mutant } from "./mutant.ts";

/** The defects that the checker must find. Each of them could be a developer's mistake. */
export const mutants: readonly Mutant[] = [
  {
    name: "an update that ignores the lease",
    edits: [
      {
        file: "server/storage/queue/statements/change-status.js",
        remove: `and \${fence}`,
        insert: "",
      },
    ],
    foundBy: releasedTask,
    invariants: ["I4"],
  },
  {
    name: "an update that publishes its event before the commit",
    edits: [
      {
        file: "server/use-cases/tasks/update-task.js",
        remove: "const after = await context.storage.queue.transition(step);",
        insert: `void context.bus.publish([{ kind: "task-changed", taskId, roomId: "", workerId: null, status }]);
    const after = await context.storage.queue.transition(step);`,
      },
      {
        file: "server/use-cases/tasks/update-task.js",
        remove: "announceTransition(context, after, null);",
        insert: "emitTaskEnd(context, after);",
      },
    ],
    foundBy: undisturbedWaits,
    invariants: ["I8"],
  },
  {
    name: "a sweep that does not check the last heartbeat again when it removes a worker",
    edits: [
      {
        file: "server/storage/queries/sweep.js",
        remove: `where id = \${id}::uuid and \${isStale(thresholdSeconds)}`,
        insert: `where id = \${id}::uuid`,
      },
    ],
    foundBy: heartbeatsDuringSweep,
    invariants: ["I14"],
  },
  {
    name: "a long poll that reads the task before it subscribes to events",
    edits: [
      {
        file: "server/use-cases/tasks/await-task.js",
        remove: "const unsubscribe = await context.bus.subscribe(",
        insert: `const early = await findTask(context, taskId, { queuePosition: true });
    const unsubscribe = await context.bus.subscribe(`,
      },
      {
        file: "server/use-cases/tasks/await-task.js",
        remove: "(isFirst ? undefined : endedTask) ??",
        insert: "(isFirst ? early : endedTask) ??",
      },
    ],
    foundBy: undisturbedWaits,
    invariants: ["I8"],
  },
  {
    name: "a task that every user who knows its id can read",
    edits: [
      {
        file: "server/access.js",
        remove: "|| canRead(caller, record.task.room_id);",
        insert: "|| true;",
      },
    ],
    foundBy: closedRooms,
    invariants: ["I10"],
  },
  {
    name: "a claim that reads the newest tasks first",
    edits: [
      {
        file: "server/storage/queue/queue-order.js",
        remove: `t.priority desc, \${getIndexNumber("t")}, `,
        insert: `t.priority desc, \${getIndexNumber("t")} desc, `,
      },
    ],
    foundBy: firstInFirstOut,
    invariants: ["I12"],
  },
];
