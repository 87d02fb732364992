import { type RawBuilder, sql } from "kysely";
import { type JobAddress, JsonObject } from "../../../protocol/index.ts";
import { parseExactJson } from "../../../protocol/schema/exact-json.ts";
import type { ResultPage, Window } from "../../records.ts";
import { isUuid } from "../ids.ts";
import type {
  NewProviderRecord,
  ProviderOutcome,
  ProviderRecord,
  ProviderStorage,
} from "../ports/providers.ts";
import type { Sql } from "../sessions/orm.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { formatTimeInSql, isAlive, readPage, readRow, readRows } from "../sql/statement.ts";

/** A provider whose schema and workers are JSON text. */
interface ProviderRow extends Omit<ProviderRecord, "schema" | "workers"> {
  readonly schema: string;
  readonly workers: string;
}

/**
 * Time without a worker after which a sweep removes a provider. Until then, clients can still read
 * its cached answers.
 */
const UNUSED_RETENTION = sql`interval '1 day'`;

const selectColumns = (aliveWithinSeconds: number): RawBuilder<ProviderRow> => sql`
  p.id, p.room_id as "roomId", p.category, p.name, p.schema::text as schema, p.schema_hash as "schemaHash",
  p.content_type as "contentType", p.description, ${formatTimeInSql(sql`p.created_at`)} as "createdAt",
  coalesce((
    select jsonb_agg(w.id order by w.id)
    from joblib.worker_provider as wp join joblib.worker as w on w.id = wp.worker_id
    where wp.provider_id = p.id and ${isAlive(aliveWithinSeconds)}
  ), '[]')::text as workers`;

const hasAddress = ({ roomId, category, name }: JobAddress) =>
  sql`p.room_id = ${roomId} and p.category = ${category} and p.name = ${name}`;

const toRecord = (row: ProviderRow): ProviderRecord => ({
  ...row,
  schema: JsonObject.parse(parseExactJson(row.schema)),
  workers: JSON.parse(row.workers),
});

const HAS_WORKER = sql`exists (select 1 from joblib.worker_provider as wp where wp.provider_id = p.id)`;

export const createProviderStorage = ({
  run,
  readRow: readOne,
  readRows: readAll,
  transaction,
}: Sessions): ProviderStorage => ({
  async register(provider: NewProviderRecord, aliveWithinSeconds: number): Promise<ProviderOutcome> {
    if (!isUuid(provider.workerId)) return { kind: "worker-not-found" };
    return transaction((db) => registerProvider(db, provider, aliveWithinSeconds));
  },

  async find(address: JobAddress, aliveWithinSeconds: number): Promise<ProviderRecord | undefined> {
    const row = await readOne(sql<ProviderRow>`
      select ${selectColumns(aliveWithinSeconds)} from joblib.provider as p where ${hasAddress(address)}`);
    return row && toRecord(row);
  },

  async list(
    rooms: readonly string[],
    window: Window,
    aliveWithinSeconds: number,
  ): Promise<ResultPage<ProviderRecord>> {
    const clauses = {
      columns: selectColumns(aliveWithinSeconds),
      from: sql`joblib.provider as p
        where p.room_id in (select jsonb_array_elements_text(${JSON.stringify(rooms)}::jsonb))`,
      order: sql`p.created_at desc, p.id desc`,
    };
    const { items, total } = await run((db) => readPage<ProviderRow>(db, clauses, window));
    return { items: items.map(toRecord), total };
  },

  async findIdsOfWorker(workerId: string): Promise<readonly string[] | undefined> {
    if (!isUuid(workerId)) return undefined;
    const row = await readOne(sql<{ ids: string }>`
      select coalesce((
        select jsonb_agg(wp.provider_id order by wp.provider_id)
        from joblib.worker_provider as wp where wp.worker_id = w.id
      ), '[]')::text as ids
      from joblib.worker as w where w.id = ${workerId}::uuid`);
    return row && JSON.parse(row.ids);
  },

  async removeUnused(limit: number): Promise<readonly string[]> {
    // `last_worker_at` is updated at most once per hour, so that most sweeps write nothing.
    await readAll(sql`
      update joblib.provider as p set last_worker_at = clock_timestamp()
      where p.last_worker_at < clock_timestamp() - interval '1 hour' and ${HAS_WORKER}`);
    const rows = await readAll(sql<{ roomId: string }>`
      with unused as materialized (
        select p.id from joblib.provider as p
        where p.last_worker_at < clock_timestamp() - ${UNUSED_RETENTION} and not ${HAS_WORKER}
        limit ${limit}::int for update skip locked
      )
      delete from joblib.provider as p using unused
      where p.id = unused.id and not ${HAS_WORKER} returning p.room_id as "roomId"`);
    return rows.map(({ roomId }) => roomId);
  },
});

/**
 * Maximum number of tries to register a provider. A try fails if the provider is removed at the
 * same time.
 */
const MAX_TRIES = 20;

async function registerProvider(
  db: Sql,
  provider: NewProviderRecord,
  aliveWithinSeconds: number,
): Promise<ProviderOutcome> {
  // The lock prevents the removal of the worker until the transaction ends.
  const worker = await readRow(
    db,
    sql<{ isDraining: boolean }>`select drained_jobs is not null as "isDraining" from joblib.worker
      where id = ${provider.workerId}::uuid for key share`,
  );
  if (worker === undefined) return { kind: "worker-not-found" };
  const { id, kind } = await insertOrLock(db, provider);
  if (kind !== "conflict") {
    await sql`update joblib.provider set description = ${provider.description}, last_worker_at = clock_timestamp()
      where id = ${id}::uuid`.execute(db);
    if (!worker.isDraining) {
      await sql`insert into joblib.worker_provider (worker_id, provider_id)
        values (${provider.workerId}::uuid, ${id}::uuid) on conflict do nothing`.execute(db);
    }
  }
  const row = await readRow(
    db,
    sql<ProviderRow>`select ${selectColumns(aliveWithinSeconds)} from joblib.provider as p where p.id = ${id}::uuid`,
  );
  if (row === undefined) throw new Error("a locked provider does not exist");
  return { kind, provider: toRecord(row) };
}

/** Inserts the provider, or locks the registered one and compares schema and content type. */
async function insertOrLock(db: Sql, provider: NewProviderRecord) {
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    if (await insertProvider(db, provider)) return { id: provider.id, kind: "created" } as const;
    const registered = await readRow(
      db,
      sql<{ id: string; schemaHash: string; contentType: string }>`
        select p.id, p.schema_hash as "schemaHash", p.content_type as "contentType"
        from joblib.provider as p where ${hasAddress(provider)} for update`,
    );
    if (registered === undefined) continue;
    const { id } = registered;
    const isSame =
      registered.schemaHash === provider.schemaHash && registered.contentType === provider.contentType;
    if (isSame) return { id, kind: "matched" } as const;
    const replaced = await readRows(
      db,
      sql`delete from joblib.provider as p where p.id = ${id}::uuid and not ${HAS_WORKER} returning p.id`,
    );
    if (replaced.length === 0) return { id, kind: "conflict" } as const;
  }
  throw new Error("the provider was removed repeatedly while it was being registered");
}

async function insertProvider(db: Sql, provider: NewProviderRecord): Promise<boolean> {
  const inserted = await readRows(
    db,
    sql`insert into joblib.provider
        (id, room_id, category, name, schema, schema_hash, content_type, description)
      values (${provider.id}::uuid, ${provider.roomId}, ${provider.category}, ${provider.name},
        ${JSON.stringify(provider.schema)}::json, ${provider.schemaHash}, ${provider.contentType},
        ${provider.description})
      on conflict (room_id, category, name) do nothing returning id`,
  );
  return inserted.length > 0;
}
