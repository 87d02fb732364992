import type { Answered } from "../history/event.ts";
import type { Check, Violation } from "./evidence.ts";

/** Whose names and texts stay inside: stacks, statements, paths. */
const INSIDE = /\bat \S+ \(|\.js:\d+|\bselect .+ from\b|insert into|node_modules|\/dist\//i;

const faultOf = ({ http, problem = "", detail = "", retryAfter }: Answered): Violation | undefined => {
  if (problem === "ProtocolError") {
    return { invariant: "I16", message: `an answer that is not joblib's: ${detail}` };
  }
  if (http === undefined) return undefined;
  if (http >= 500 && http !== 503) return { invariant: "I16", message: `${http} ${problem}: ${detail}` };
  if ((http === 503 || http === 429) && retryAfter !== true) {
    return { invariant: "I13", message: `${http} ${problem} without Retry-After` };
  }
  if (http < 400 || !INSIDE.test(detail)) return undefined;
  return { invariant: "I16", message: `${problem} tells what is inside: ${detail}` };
};

/** I13, I16: every failure is a problem of the catalogue; a server that cannot answer says when to come again. */
export const cleanErrors: Check = ({ history, promises }) => {
  if (promises.impostor === true) return [];
  const violations = history.operations.flatMap(({ f, answered }) => {
    const fault = faultOf(answered);
    return fault === undefined ? [] : [{ ...fault, message: `${f}: ${fault.message}` }];
  });
  const failed = history.operations.filter(({ answered }) => (answered.http ?? 0) >= 500);
  if (promises.always !== true || failed.length === 0) return violations;
  return [
    ...violations,
    { invariant: "I13", message: `${failed.length} answers were 5xx, and none had to be` },
  ];
};

/** I10: nobody is shown a task of a room that is closed to them. */
export const visibility: Check = ({ history, promises: { mayRead } }) => {
  if (mayRead === undefined) return [];
  return history.operations.flatMap(({ f, asked: { user = "" }, answered, outcome }) =>
    (outcome === "ok" ? (answered.tasks ?? []) : [])
      .filter(({ room }) => !mayRead(user, room))
      .map(({ id, room }) => ({
        invariant: "I10",
        message: `${f} showed ${user} task ${id} of room ${room}`,
      })),
  );
};
