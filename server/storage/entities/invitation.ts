import { defineEntity, p } from "@mikro-orm/core";

/** Who was let into a room for a while, and by whom; its token is not kept. */
export const InvitationEntity = defineEntity({
  name: "JoblibInvitation",
  tableName: "invitation",
  schema: "joblib",
  properties: {
    id: p.uuid().primary(),
    roomId: p.text(),
    jobs: p.json<string[]>().nullable(),
    note: p.text().nullable(),
    createdById: p.text(),
    createdAt: p.datetime(),
    expiresAt: p.datetime(),
    revokedAt: p.datetime().nullable(),
  },
});
