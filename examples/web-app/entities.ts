import { defineEntity, p } from "@mikro-orm/core";

/** A user of the application. Only the hash of the API key is stored. */
export const User = defineEntity({
  name: "User",
  tableName: "app_user",
  properties: {
    name: p.text().primary(),
    keyHash: p.text().unique(),
  },
});

/** The membership of a user in a room. */
export const Member = defineEntity({
  name: "Member",
  tableName: "member",
  properties: {
    room: p.text().primary(),
    user: p.text().primary(),
  },
});
