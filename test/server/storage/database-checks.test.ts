import { describe, expect, inject, onTestFinished, test } from "vitest";
import { TaskPage } from "../../../protocol/index.ts";
import { migrate, openDatabase, UnfitDatabase } from "../../../server/index.ts";
import {
  checkDatabase,
  checkDatabaseFacts,
  type DatabaseFacts,
} from "../../../server/storage/database/database-checks.ts";
import { run } from "../../e2e/terminals.ts";
import { createDatabaseWith, runSql } from "../../support/database-roles.ts";
import { openApi } from "../http/api.ts";
import { ok, parseBody } from "../http/responses.ts";

const FACTS: DatabaseFacts = {
  version: "PostgreSQL 15.4 (Debian 15.4-1) on x86_64-pc-linux-gnu, compiled by gcc, 64-bit",
  versionNumber: 150_004,
  encoding: "UTF8",
  isStandby: false,
  isReadOnly: false,
};

const open = async (url: string) => {
  const orm = await openDatabase({ url });
  onTestFinished(() => orm.close());
  return orm;
};

describe("checkDatabaseFacts", () => {
  test("checkDatabaseFacts accepts PostgreSQL 14 and newer, and products that are built from it", () => {
    expect(checkDatabaseFacts(FACTS)).toEqual([]);
    expect(checkDatabaseFacts({ ...FACTS, version: "PostgreSQL 14.0", versionNumber: 140_000 })).toEqual([]);
    expect(
      checkDatabaseFacts({ ...FACTS, version: "PostgreSQL 19devel on x86_64", versionNumber: 190_000 }),
    ).toEqual([]);
    expect(checkDatabaseFacts({ ...FACTS, version: "EnterpriseDB 15.4.0 on x86_64" })).toEqual([]);
    expect(checkDatabaseFacts({ ...FACTS, version: "PostgreSQL 17.5 (PGlite 0.4.1) on wasm32" })).toEqual([]);
  });

  test.each([
    ["CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu)", "CockroachDB"],
    ["PostgreSQL 15.2-YB-2.25.1.0-b0 on x86_64-pc-linux-gnu", "YugabyteDB"],
    ["PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC, Redshift 1.0.66", "Redshift"],
    ["PostgreSQL 12.12 (Greenplum Database 7.1.0 build commit)", "Greenplum"],
    ["(openGauss 5.0.0 build a07d57c3)", "openGauss"],
    ["Something else 3.1", "Something else 3.1"],
  ])("checkDatabaseFacts rejects %s and names the product", (version, name) => {
    expect(checkDatabaseFacts({ ...FACTS, version })).toEqual([
      expect.objectContaining({ kind: "unsupported", problem: `the database is ${name}, not PostgreSQL` }),
    ]);
  });

  test("checkDatabaseFacts rejects a version that is too old for the migrations", () => {
    expect(checkDatabaseFacts({ ...FACTS, version: "PostgreSQL 13.23", versionNumber: 130_023 })).toEqual([
      expect.objectContaining({
        problem: "the database is PostgreSQL 13",
        advice: expect.stringContaining("PostgreSQL 14 or newer"),
      }),
    ]);
  });

  test("checkDatabaseFacts reports a standby as read-only", () => {
    expect(checkDatabaseFacts({ ...FACTS, isStandby: true, isReadOnly: true })).toEqual([
      expect.objectContaining({ kind: "read-only", problem: expect.stringContaining("standby") }),
    ]);
  });
});

describe("database whose encoding is not UTF8", () => {
  test.each([
    "LATIN1",
    "SQL_ASCII",
    "WIN1252",
    "EUC_JP",
  ])("migrate rejects a database with the encoding %s, which is not UTF8", async (encoding) => {
    const url = await createDatabaseWith(inject("postgresUrl"), `encoding '${encoding}' locale 'C'`);

    await expect(migrate(await open(url))).rejects.toThrow(
      `the database's encoding is ${encoding}, which cannot store every text: create another one with`,
    );
    await expect(migrate(await open(url))).rejects.toBeInstanceOf(UnfitDatabase);
  });

  test("each command exits with code 2 and prints one line if the encoding of the database is not UTF8", async () => {
    const url = await createDatabaseWith(inject("postgresUrl"), "encoding 'LATIN1' locale 'C'");
    const commands = [
      ["serve", "--port", "0"],
      ["serve", "--port", "0", "--no-migrate"],
      ["migrate"],
      ["migrate", "--check"],
    ];

    for (const command of commands) {
      const { code, stderr } = await run([...command, "--database-url", url]);

      expect({ command, code }).toEqual({ command, code: 2 });
      expect(stderr.trim().split("\n")).toEqual([expect.stringContaining("encoding is LATIN1")]);
    }
  });
});

test("a database that is read-only by default is rejected by serve, but not by migrate --check", async () => {
  const url = await createDatabaseWith(inject("postgresUrl"), "");
  await migrate(await open(url));
  await runSql(
    url,
    `alter database ${new URL(url).pathname.slice(1)} set default_transaction_read_only = on`,
  );

  const serve = await run(["serve", "--port", "0", "--database-url", url]);
  const check = await run(["migrate", "--check", "--database-url", url]);

  expect(serve).toMatchObject({ code: 11, stderr: expect.stringContaining("default_transaction_read_only") });
  expect(check).toMatchObject({ code: 0, stdout: "up to date\n" });
});

test("serve --no-migrate exits with code 7 if migrations are pending", async () => {
  const url = await createDatabaseWith(inject("postgresUrl"), "");

  const { code, stderr } = await run(["serve", "--no-migrate", "--port", "0", "--database-url", url]);

  expect(code).toBe(7);
  expect(stderr).toMatch(/migration\(s\) pending: .*run `joblib migrate`/);
});

describe("database with another collation", () => {
  test.each([
    "locale_provider icu icu_locale 'tr-TR' locale 'C'",
    "locale_provider icu icu_locale 'en-u-ks-level2' locale 'C'",
    "locale_provider icu icu_locale 'de-u-kn-true-co-phonebk' locale 'C.UTF-8'",
    "locale 'C'",
    "locale 'C.UTF-8'",
  ])("a database with another collation orders and paginates lists in the same way: %s", async (options) => {
    const orm = await open(await createDatabaseWith(inject("postgresUrl"), `encoding 'UTF8' ${options}`));
    await migrate(orm);
    expect(await checkDatabase(orm)).toEqual([]);
    const api = await openApi({ orm });
    onTestFinished(() => api.close());
    const rooms = ["I", "i", "İ", "ı", "ß", "SS", "ä", "a", "z", "10", "9", "😀", "-", "_"];
    for (const room of rooms) {
      const path = encodeURIComponent(room);
      await api.registerJob(path, { name: "Title.I-i" });
      for (const note of ["TITLE", "title", "other"]) {
        await api.submit(path, "private:modifiers:Title.I-i", { payload: { note } });
      }
    }

    const listed = ok(await api.as("root").get("/rooms?limit=100")).items;
    expect(new Set(listed.map(({ room_id }: { room_id: string }) => room_id))).toEqual(
      new Set(["@global", ...rooms]),
    );
    for (const room of rooms) {
      const path = `/rooms/${encodeURIComponent(room)}/tasks?limit=2`;
      const first = parseBody(TaskPage, await api.as("rea").get(path)).items;
      const second = parseBody(TaskPage, await api.as("rea").get(`${path}&after=${first[1]?.id}`)).items;
      const notes = [...first, ...second].map(({ payload }) => payload["note"]);
      expect(notes, room).toEqual(["other", "title", "TITLE"]);
    }
  });
});
