import {
  isProblemId,
  PROBLEM_IDS,
  PROBLEMS,
  PROBLEMS_PATH,
  Problem,
  type ProblemId,
} from "../../../protocol/index.ts";
import type { Context } from "../../context.ts";
import { readCaller } from "../../use-cases/read-caller.ts";
import { readHealth } from "../../use-cases/read-health.ts";
import { type Handlers, ok } from "../operation-route.ts";

/** Handlers for the caller, the health of the server, and the documents to which the `type` of a problem points. */
export const createMetaRoutes = (context: Context) =>
  ({
    readCaller: async ({ caller, query }) => ok(await readCaller(caller, query.room_id)),

    readHealth: async () => ok(await readHealth(context)),

    listProblems: async ({ prefix }) => ok({ items: PROBLEM_IDS.map((id) => describeProblem(id, prefix)) }),

    readProblem: async ({ params, prefix }) => {
      const { problem_id: id } = params;
      if (!isProblemId(id)) throw new Problem("route-not-found", "Problem type not found.");
      return ok(describeProblem(id, prefix));
    },
  }) satisfies Partial<Handlers>;

function describeProblem(id: ProblemId, prefix: string) {
  return { id, type: `${prefix}${PROBLEMS_PATH}/${id}`, ...PROBLEMS[id] };
}
