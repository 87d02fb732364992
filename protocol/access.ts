/** Who may use an operation; the server evaluates the rule, the documents print it. */
export const ACCESS_RULES = {
  anyone: "needs no credentials",
  user: "any user",
  "room-read": "read in the room",
  "room-write": "write in the room",
  "room-register": "write in the room; in `@global` an admin, or who was invited there",
  "task-read": "read in the task's room, its submitter, or the user whose worker holds it",
  "task-update": "the user whose worker holds it, or an admin; to cancel also its submitter",
  "task-submitter": "its submitter, or an admin",
  "worker-owner": "the user that made the worker; to drain or delete it also an admin",
  "worker-read": "the user that made the worker, an admin, or read in the room of one of its jobs",
  "invitation-owner": "who made the invitation, or an admin",
  admin: "an admin",
} as const;

/** The name of a rule. */
export type Access = keyof typeof ACCESS_RULES;

/** Who a request's credentials say it is. */
export interface Actor {
  readonly id: string;
  readonly isAdmin: boolean;
}
