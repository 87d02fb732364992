import Fastify from "fastify";
import { expect, test } from "vitest";
import { createRequestLog } from "../../../server/http/request-log.ts";

test("what a request logs carries its id, at every level and in its children", async () => {
  const lines: string[] = [];
  const app = Fastify({
    logger: { level: "trace", stream: { write: (line: string) => lines.push(line) } },
    childLoggerFactory: createRequestLog,
    genReqId: () => "r1",
  });
  app.get("/", async ({ log }) => {
    for (const level of ["fatal", "error", "warn", "info", "debug", "trace"] as const) {
      log[level]({ level }, `at ${level}`);
    }
    log.child({ part: "child" }).info("of a child");
    return log.level;
  });

  const { body } = await app.inject("/");

  expect(body).toBe("trace");
  const own = lines.map((line) => JSON.parse(line)).filter(({ msg }) => /^(at|of) /.test(msg));
  expect(own).toHaveLength(7);
  expect(own.every(({ reqId }) => reqId === "r1")).toBe(true);
  expect(own.at(-1)).toMatchObject({ part: "child" });
});
