import {
  isProblemId,
  PROBLEM_IDS,
  PROBLEMS,
  PROBLEMS_PATH,
  Problem,
  type ProblemId,
} from "../../protocol/index.ts";
import type { Handlers } from "./call.ts";

const describe = (id: ProblemId, prefix: string) => ({
  id,
  type: `${prefix}${PROBLEMS_PATH}/${id}`,
  ...PROBLEMS[id],
});

/** The pages that problem types point to. */
export const createMetaRoutes = (): Pick<Handlers, "listProblems" | "readProblem"> => ({
  listProblems: async ({ prefix }) => ({
    status: 200,
    body: { items: PROBLEM_IDS.map((id) => describe(id, prefix)) },
  }),

  readProblem: async ({ params, prefix }) => {
    const { problem_id: id } = params;
    if (!isProblemId(id)) throw new Problem("route-not-found", "There is no such problem.");
    return { status: 200, body: describe(id, prefix) };
  },
});
