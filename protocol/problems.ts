import * as z from "zod";
import { operation } from "./operation.ts";

export const ProblemDescription = z.object({
  id: z.string(),
  type: z.string(),
  title: z.string(),
  status: z.int(),
});

export const listProblems = operation({
  method: "GET",
  path: "/v1/problems",
  summary: "List the problems that the API returns",
  access: "anyone",
  responses: { 200: z.object({ items: z.array(ProblemDescription) }) },
  responseDescriptions: { 200: "All problem types." },
  problems: [],
});

export const readProblem = operation({
  method: "GET",
  path: "/v1/problems/:problem_id",
  summary: "Get the description of a problem",
  access: "anyone",
  params: z.object({ problem_id: z.string() }),
  responses: { 200: ProblemDescription },
  responseDescriptions: { 200: "The problem type." },
  problems: ["route-not-found"],
});

export const problemOperations = { listProblems, readProblem } as const;
