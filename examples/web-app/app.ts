import Fastify, { type FastifyInstance } from "fastify";
import { joblib } from "joblib/server";
import type { Database } from "./database.ts";
import { Users } from "./users.ts";

const NAME = { type: "string", pattern: "^[a-z0-9-]{1,40}$" };
const named = (...names: string[]) => ({
  params: { type: "object", properties: Object.fromEntries(names.map((name) => [name, NAME])) },
});

/** The app: its own users and rooms, and under /api the jobs of those rooms. */
export const createApp = async (orm: Database): Promise<FastifyInstance> => {
  const users = new Users(orm);
  const app = Fastify({
    logger: { level: "warn", stream: process.stderr },
    routerOptions: { maxParamLength: 2000 }, // job names are long
  });

  app.post<{ Params: { name: string } }>(
    "/users/:name",
    { schema: named("name") },
    async (request, reply) => {
      const key = await users.signUp(request.params.name);
      if (key === undefined) return reply.code(409).send("That name is taken.\n");
      return reply.code(201).type("text/plain").send(key);
    },
  );

  // Who comes first into a room has it; from then on its members let others in.
  app.put<{ Params: { room: string; name: string } }>(
    "/rooms/:room/members/:name",
    { schema: named("room", "name") },
    async (request, reply) => {
      const { room, name } = request.params;
      const user = await users.nameOf(request);
      if (user === undefined) return reply.code(401).send("Who are you?\n");
      const mayLetIn = (await users.isMember(user, room)) || (name === user && (await users.isEmpty(room)));
      if (!mayLetIn) return reply.code(403).send("This room is not yours.\n");
      await users.join(name, room);
      return reply.code(204).send();
    },
  );

  await app.register(joblib, {
    prefix: "/api",
    orm,
    getCurrentUserId: (request) => users.nameOf(request),
    getIsAdmin: () => false,
    authorizeRoom: async (request, room, access) => {
      if (room === "@global") return access === "read";
      const user = await users.nameOf(request);
      return user !== undefined && (await users.isMember(user, room));
    },
    listRooms: async (request) => {
      const user = await users.nameOf(request);
      return user === undefined ? [] : users.roomsOf(user);
    },
    dashboard: "/dashboard",
  });
  return app;
};
