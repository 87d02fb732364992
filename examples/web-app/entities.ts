import { defineEntity, p } from "@mikro-orm/core";

/** A user of the application. The database contains only a hash of the user's API key. */
export const User = defineEntity({
  name: "User",
  tableName: "app_user",
  properties: {
    name: p.text().primary(),
    keyHash: p.text().unique(),
  },
});

export const Member = defineEntity({
  name: "Member",
  tableName: "member",
  properties: {
    room: p.text().primary(),
    user: p.text().primary(),
  },
});
