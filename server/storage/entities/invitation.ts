import { defineEntity, p } from "@mikro-orm/core";

/** A temporary invitation to a room. Its token is not stored. */
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
