import type { OperationOutput } from "../history/event.ts";
import type { Check, Violation } from "./evidence.ts";

/** Internal details that an error must not reveal: stack traces, SQL statements, paths. */
const INTERNAL_DETAILS = /\bat \S+ \(|\.js:\d+|\bselect .+ from\b|insert into|node_modules|\/dist\//i;

const findProblem = ({
  http,
  problem = "",
  detail = "",
  retryAfter,
}: OperationOutput): Violation | undefined => {
  if (problem === "ProtocolError") {
    return { invariant: "I16", message: `a response does not match the protocol: ${detail}` };
  }
  if (http === undefined) return undefined;
  if (http >= 500 && http !== 503) return { invariant: "I16", message: `${http} ${problem}: ${detail}` };
  if ((http === 503 || http === 429) && retryAfter !== true) {
    return { invariant: "I13", message: `${http} ${problem} without Retry-After` };
  }
  if (http < 400 || !INTERNAL_DETAILS.test(detail)) return undefined;
  return { invariant: "I16", message: `${problem} reveals internal details: ${detail}` };
};

/**
 * Invariants I13 and I16: every error response is a documented problem, and an overloaded server
 * sends `Retry-After`.
 */
export const checkErrors: Check = ({ history, expectations }) => {
  const violations = history.operations.flatMap(({ operation, output }) => {
    const violation = findProblem(output);
    return violation === undefined ? [] : [{ ...violation, message: `${operation}: ${violation.message}` }];
  });
  const failed = history.operations.filter(({ output }) => (output.http ?? 0) >= 500);
  if (expectations.no5xx !== true || failed.length === 0) return violations;
  return [
    ...violations,
    {
      invariant: "I13",
      message: `${failed.length} responses had a 5xx status, which the case does not allow`,
    },
  ];
};

/** Invariant I10: no user sees a task of a room to which the user has no access. */
export const checkVisibility: Check = ({ history, expectations: { mayRead } }) => {
  if (mayRead === undefined) return [];
  return history.operations.flatMap(({ operation, input: { user = "" }, output, outcome }) =>
    (outcome === "ok" ? (output.tasks ?? []) : [])
      .filter(({ room }) => !mayRead(user, room))
      .map(({ id, room }) => ({
        invariant: "I10",
        message: `the operation "${operation}" showed task ${id} of room ${room} to user ${user}`,
      })),
  );
};
