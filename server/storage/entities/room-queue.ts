import { defineEntity, p } from "@mikro-orm/core";

/** The number of a room's last task in a job with room fairness, for each priority. */
export const RoomQueueEntity = defineEntity({
  name: "JoblibRoomQueue",
  tableName: "room_queue",
  schema: "joblib",
  properties: {
    jobId: p.uuid().primary(),
    roomId: p.text().primary(),
    priority: p.integer().primary(),
    number: p.bigint(),
    tasks: p.integer(),
  },
});
