import { expect, test } from "vitest";
import { PROBLEM_IDS, Problem } from "../../protocol/index.ts";
import { ProblemError } from "../../sdk/errors.ts";
import * as sdk from "../../sdk/index.ts";
import { ERROR_BY_PROBLEM, toProblemError } from "../../sdk/problem-errors.ts";

test("every known problem has an exported error class", () => {
  const classes = PROBLEM_IDS.map((id) => ERROR_BY_PROBLEM[id]);

  expect(new Set(classes).size).toBe(PROBLEM_IDS.length);
  expect(Object.values(sdk)).toEqual(expect.arrayContaining(classes));
});

test.each(PROBLEM_IDS)("the problem id %s selects its error class for any status and URI prefix", (id) => {
  const document = { ...new Problem(id, "why").toDocument("/under/here"), status: 418 };

  const error = toProblemError(document, 3);

  expect(error).toBeInstanceOf(ERROR_BY_PROBLEM[id]);
  expect(error).toBeInstanceOf(ProblemError);
  expect(error).toMatchObject({ id, message: "why", status: 418, retryAfter: 3 });
  expect(error.name).toBe(ERROR_BY_PROBLEM[id].name);
});
