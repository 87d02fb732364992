import Fastify, { type FastifyInstance } from "fastify";
import { joblib } from "joblib/server";
import type { Database } from "./database.ts";
import { Users } from "./users.ts";

const NAME = { type: "string", pattern: "^[a-z0-9-]{1,40}$" };
const buildSchema = (...names: string[]) => ({
  params: { type: "object", properties: Object.fromEntries(names.map((name) => [name, NAME])) },
});

/**
 * Creates an application that has its own users and rooms, and adds joblib's API for these rooms
 * under `/api`.
 */
export const createApp = async (orm: Database): Promise<FastifyInstance> => {
  const users = new Users(orm);
  const app = Fastify({
    logger: { level: "warn", stream: process.stderr },
    routerOptions: { maxParamLength: 2000 }, // job names are long
  });

  app.post<{ Params: { name: string } }>(
    "/users/:name",
    { schema: buildSchema("name") },
    async (request, reply) => {
      const key = await users.signUp(request.params.name);
      if (key === undefined) return reply.code(409).send("This name is already used. Choose another one.\n");
      return reply.code(201).type("text/plain").send(key);
    },
  );

  // Any user can join a room that has no members. After that, only members can add users to the
  // room.
  app.put<{ Params: { room: string; name: string } }>(
    "/rooms/:room/members/:name",
    { schema: buildSchema("room", "name") },
    async (request, reply) => {
      const { room, name } = request.params;
      const user = await users.findName(request);
      if (user === undefined)
        return reply
          .code(401)
          .send("The API key is missing or invalid. Send it as `Authorization: Bearer …`.\n");
      const mayAdd = (await users.isMember(user, room)) || (name === user && (await users.isEmpty(room)));
      if (!mayAdd)
        return reply.code(403).send("You are not a member of this room. Ask a member to add you.\n");
      await users.join(name, room);
      return reply.code(204).send();
    },
  );

  await app.register(joblib, {
    prefix: "/api",
    orm,
    getCurrentUserId: (request) => users.findName(request),
    getIsAdmin: () => false,
    authorizeRoom: async (request, room, access) => {
      if (room === "@global") return access === "read";
      const user = await users.findName(request);
      return user !== undefined && (await users.isMember(user, room));
    },
    listRooms: async (request) => {
      const user = await users.findName(request);
      return user === undefined ? [] : users.listRooms(user);
    },
    dashboard: "/dashboard",
  });
  return app;
};
