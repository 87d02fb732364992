import { describe, expect, test } from "vitest";
import { formatJobName, GLOBAL_ROOM, isRoomId, parseJobName } from "../../protocol/index.ts";

const globalJob = { kind: "job", address: { roomId: GLOBAL_ROOM, category: "modifiers", name: "Rotate" } };
const labJob = { kind: "job", address: { roomId: "lab", category: "modifiers", name: "Rotate" } };

describe("parseJobName in the room lab", () => {
  test.each([
    "public:modifiers:Rotate",
    "@global:modifiers:Rotate",
  ])("parseJobName in the room lab returns the public job for %s", (text) => {
    expect(parseJobName(text, "lab")).toEqual(globalJob);
  });

  test.each([
    "private:modifiers:Rotate",
    "lab:modifiers:Rotate",
  ])("parseJobName in the room lab returns the room's own job for %s", (text) => {
    expect(parseJobName(text, "lab")).toEqual(labJob);
  });

  test("parseJobName in the room lab returns `hidden` for the job of another room", () => {
    expect(parseJobName("other:modifiers:Rotate", "lab")).toEqual({ kind: "hidden" });
  });

  test.each([
    "Rotate",
    "a:b",
    "a:b:c:d",
    ":x:y",
    "",
    "::",
    "public:a b:c",
    "public:modifiers:",
    "@x:a:b",
  ])("parseJobName in the room lab rejects %j", (text) => {
    expect(parseJobName(text, "lab")).toEqual({ kind: "invalid" });
  });
});

test("parseJobName returns `hidden` for a private job in @global", () => {
  expect(parseJobName("private:modifiers:Rotate", GLOBAL_ROOM)).toEqual({ kind: "hidden" });
});

test("formatJobName writes the visibility or the room as the prefix", () => {
  const job = { roomId: "lab", category: "a", name: "b" };

  expect(formatJobName(job)).toBe("private:a:b");
  expect(formatJobName(job, "room")).toBe("lab:a:b");
  expect(formatJobName({ ...job, roomId: GLOBAL_ROOM })).toBe("public:a:b");
  expect(formatJobName({ ...job, roomId: GLOBAL_ROOM }, "room")).toBe("@global:a:b");
});

describe("isRoomId", () => {
  test.each([
    GLOBAL_ROOM,
    "lab",
    "room_123",
    "Räume",
    "x".repeat(128),
    "分子",
    "..",
  ])("isRoomId accepts %j", (room) => {
    expect(isRoomId(room)).toBe(true);
  });

  test.each([
    "",
    "@Global",
    "@internal",
    "a b",
    "a:b",
    "a/b",
    "a\nb",
    "\u0000",
    "public",
    "private",
    "x".repeat(129),
  ])("isRoomId rejects %j", (room) => {
    expect(isRoomId(room)).toBe(false);
  });
});
