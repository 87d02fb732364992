/**
 * The default parameters of the extension `Scale`. A claim returns them for parameters that were
 * not submitted.
 */
const scale = { factor: 2, values: [], mode: "linear", label: null };
const claimed = { room: "lab", ...scale };

/**
 * The outcome of each step of `calls.py`: a value or the name of the exception. ZnDraw's client
 * raises ValueError for 409 and 422, KeyError for 404, and ZnDrawError for other errors.
 */
export const EXPECTED_STEPS: readonly (readonly [step: string, outcome: unknown])[] = [
  ["create a worker", "<id>"],
  ["register a job", "Scale"],
  ["register it again", "Scale"],
  ["register a public job", "Everywhere"],
  ["register another schema", "ValueError"],
  ["register without a worker", "Scale"],
  ["registered jobs", ["@global:modifiers:Everywhere", "lab:modifiers:Scale"]],

  ["heartbeat", null],
  ["claim nothing", null],
  ["submit", "<id>"],
  ["read it pending", 1],
  ["claim", { ...claimed, factor: 3, values: [1, 2], label: "é" }],
  ["start", null],
  ["start twice", "ValueError"],
  ["complete", null],
  // This step repeats a request, as a client does if a response was lost. joblib accepts the
  // repetition; ZnDraw's own server returns a 409.
  ["complete twice", null],
  ["fail what is completed", "ValueError"],
  ["read it completed", "completed"],

  ["submit a public job", "<id>"],
  ["claim the public job", claimed],
  ["complete without a start", "ValueError"],
  ["start the public job", null],
  ["fail", null],
  ["read the error", "no more memory"],

  ["submit one to cancel", "<id>"],
  ["claim one to cancel", claimed],
  ["cancel", null],
  ["start what is cancelled", "ValueError"],
  ["submit one to fail", "<id>"],
  ["claim one to fail", claimed],
  ["fail by id", null],

  ["submit an unknown job", "KeyError"],
  // joblib rejects this request, although ZnDraw's own server accepts it.
  ["submit to another room's job", "KeyError"],
  ["submit a malformed job name", "KeyError"],
  ["submit a built-in job", "KeyError"],
  ["submit an invalid payload", "ValueError"],
  ["list the jobs of an impossible room", "ZnDrawError"],
  ["register a provider", "KeyError"],
  ["read an unknown task", "KeyError"],
  ["read no task id", "KeyError"],

  ["list jobs", 2],
  ["list public jobs", 1],
  ["list jobs by pages", 1],
  ["describe a job", true],
  ["list tasks", 4],
  ["list failed tasks", 2],
  ["list tasks by pages", 2],
  ["list a job's tasks", 1],
  ["list too many", "ValueError"],
  ["list a room's workers", 2],
  ["list workers", true],
  ["wait for a task", "completed"],

  ["worker id", "<id>"],
  ["leave", null],
  ["leave again", null],
  ["heartbeat of a worker that left", "KeyError"],
  ["claim of a worker that left", "KeyError"],
  ["register with a worker that left", "KeyError"],
  ["last submit", "<id>"],
  ["last claim", claimed],
  ["last start", null],
  ["leave with a running task", null],
  ["read what it left", "failed"],
];
