import { describe, expect, test } from "vitest";
import { formatJobName, GLOBAL_ROOM, isRoomId, parseJobName } from "../../protocol/index.ts";

const global = { kind: "job", address: { roomId: GLOBAL_ROOM, category: "modifiers", name: "Rotate" } };
const labs = { kind: "job", address: { roomId: "lab", category: "modifiers", name: "Rotate" } };

describe("a job's name, asked in room lab", () => {
  test.each(["public:modifiers:Rotate", "@global:modifiers:Rotate"])("%s is the global job", (text) => {
    expect(parseJobName(text, "lab")).toEqual(global);
  });

  test.each(["private:modifiers:Rotate", "lab:modifiers:Rotate"])("%s is lab's own job", (text) => {
    expect(parseJobName(text, "lab")).toEqual(labs);
  });

  test("another room's job is not seen", () => {
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
  ])("%j is no job name", (text) => {
    expect(parseJobName(text, "lab")).toEqual({ kind: "invalid" });
  });
});

test("a private job cannot be asked for in @global", () => {
  expect(parseJobName("private:modifiers:Rotate", GLOBAL_ROOM)).toEqual({ kind: "hidden" });
});

test("a name is written in the prefix form, or in the room form", () => {
  const job = { roomId: "lab", category: "a", name: "b" };

  expect(formatJobName(job)).toBe("private:a:b");
  expect(formatJobName(job, "room")).toBe("lab:a:b");
  expect(formatJobName({ ...job, roomId: GLOBAL_ROOM })).toBe("public:a:b");
  expect(formatJobName({ ...job, roomId: GLOBAL_ROOM }, "room")).toBe("@global:a:b");
});

describe("a room's name", () => {
  test.each([GLOBAL_ROOM, "lab", "room_123", "Räume", "x".repeat(128), "分子", ".."])("%j is one", (room) => {
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
  ])("%j is none", (room) => {
    expect(isRoomId(room)).toBe(false);
  });
});
