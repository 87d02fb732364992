import { createHash, randomBytes } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { Database } from "./database.ts";
import { Member, User } from "./entities.ts";

const hashKey = (key: string) => createHash("sha256").update(key).digest("hex");

/** The users of the application and their rooms. joblib looks them up for every request. */
export class Users {
  readonly #orm: Database;

  constructor(orm: Database) {
    this.#orm = orm;
  }

  /**
   * Creates a user and returns the user's API key, which cannot be read again later. Returns
   * undefined if the name is already used.
   */
  async signUp(name: string): Promise<string | undefined> {
    const key = randomBytes(24).toString("base64url");
    const em = this.#orm.em.fork();
    if ((await em.findOne(User, { name })) !== null) return undefined;
    await em.insert(User, { name, keyHash: hashKey(key) });
    return key;
  }

  /** Returns the name of the user whose API key is in the header `Authorization: Bearer …`. */
  async findName({ headers }: FastifyRequest): Promise<string | undefined> {
    const [, key] = /^Bearer (\S+)$/.exec(headers.authorization ?? "") ?? [];
    if (key === undefined) return undefined;
    const user = await this.#orm.em.fork().findOne(User, { keyHash: hashKey(key) });
    return user?.name;
  }

  async listRooms(user: string): Promise<string[]> {
    const rows = await this.#orm.em.fork().find(Member, { user });
    return rows.map(({ room }) => room);
  }

  async isMember(user: string, room: string): Promise<boolean> {
    return (await this.#orm.em.fork().count(Member, { user, room })) > 0;
  }

  async isEmpty(room: string): Promise<boolean> {
    return (await this.#orm.em.fork().count(Member, { room })) === 0;
  }

  async join(user: string, room: string): Promise<void> {
    await this.#orm.em.fork().upsert(Member, { user, room });
  }
}
