/** The access rules of operations. The server enforces them, and the documentation of the API shows them. */
export const ACCESS_RULES = {
  anyone: "no credentials required",
  user: "any authenticated user",
  "room-read": "read access to the room",
  "room-write": "write access to the room",
  "room-register": "write access to the room; in `@global` an admin or an invited user",
  "task-read": "read access to the task's room, the submitter, or the owner of the worker that runs the task",
  "task-update": "the owner of the worker that runs the task, or an admin; the submitter may cancel it",
  "task-submitter": "the submitter, or an admin",
  "worker-owner": "the owner of the worker; an admin may drain or delete it",
  "worker-read": "the owner of the worker, an admin, or read access to the room of one of its jobs",
  "invitation-owner": "the creator of the invitation, or an admin",
  admin: "an admin",
} as const;

export type Access = keyof typeof ACCESS_RULES;

/** The authenticated user of a request. */
export interface Actor {
  readonly id: string;
  readonly isAdmin: boolean;
}
