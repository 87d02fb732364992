import {
  isProblemId,
  PROBLEM_IDS,
  PROBLEMS,
  PROBLEMS_PATH,
  Problem,
  type ProblemId,
} from "../../../protocol/index.ts";
import type { Handlers } from "../call.ts";

const describeProblem = (id: ProblemId, prefix: string) => ({
  id,
  type: `${prefix}${PROBLEMS_PATH}/${id}`,
  ...PROBLEMS[id],
});

/** Handlers for the documents to which the `type` of a problem points. */
export const createMetaRoutes = (): Pick<Handlers, "listProblems" | "readProblem"> => ({
  listProblems: async ({ prefix }) => ({
    status: 200,
    body: { items: PROBLEM_IDS.map((id) => describeProblem(id, prefix)) },
  }),

  readProblem: async ({ params, prefix }) => {
    const { problem_id: id } = params;
    if (!isProblemId(id)) throw new Problem("route-not-found", "Problem type not found.");
    return { status: 200, body: describeProblem(id, prefix) };
  },
});
