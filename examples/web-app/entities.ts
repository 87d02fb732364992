import { defineEntity, p } from "@mikro-orm/core";

/** Somebody who may use the app; of an API key its hash alone is kept. */
export const User = defineEntity({
  name: "User",
  tableName: "app_user",
  properties: {
    name: p.text().primary(),
    keyHash: p.text().unique(),
  },
});

/** Who belongs to which room. */
export const Member = defineEntity({
  name: "Member",
  tableName: "member",
  properties: {
    room: p.text().primary(),
    user: p.text().primary(),
  },
});
