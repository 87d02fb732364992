import * as z from "zod";
import { operation } from "./operation.ts";
import { ProblemDescription } from "./problem.ts";

/** Every problem that the API answers. */
export const listProblems = operation({
  method: "GET",
  path: "/v1/problems",
  summary: "Every problem that the API answers",
  access: "anyone",
  responses: { 200: z.object({ items: z.array(ProblemDescription) }) },
  problems: [],
});

/** What one problem means. */
export const readProblem = operation({
  method: "GET",
  path: "/v1/problems/:problem_id",
  summary: "What one problem means",
  access: "anyone",
  params: z.object({ problem_id: z.string() }),
  responses: { 200: ProblemDescription },
  problems: ["route-not-found"],
});
