import { expect, it } from "vitest";
import { findSubjectFault } from "../../scripts/commits/subject.ts";

it.each([
  "Retry claims after a serialization failure",
  "Process tasks in the order of their priority",
  "Embed the dashboard under the host's prefix",
  "Add `joblib rooms revoke`",
  "Merge branch 'schemas'",
])("the commit check accepts the subject %j", (subject) => {
  expect(findSubjectFault(subject)).toBeUndefined();
});

it.each([
  ["A pipe that a killed process resets ends", "starts with “A”"],
  ["What is inferred is said to be", "starts with “What”"],
  ["Retries claims", "starts with “Retries”"],
  ["Fixed the claim order", "starts with “Fixed”"],
  ["Adding a column", "starts with “Adding”"],
  ["retry claims", "does not start with a capital letter"],
  ["Retry claims.", "ends with a period"],
  [`Retry ${"claims ".repeat(10)}again`, "the limit is 72"],
])("the commit check rejects the subject %j because it %s", (subject, fault) => {
  expect(findSubjectFault(subject)).toContain(fault);
});
