import { createApp } from "./app.ts";
import { openDatabase } from "./database.ts";

const orm = await openDatabase(process.env["DATABASE_URL"]);
const app = await createApp(orm);
app.addHook("onClose", () => orm.close());

const url = await app.listen({ port: Number(process.env["PORT"] ?? 3000) });
console.log(
  `The application listens at ${url}, joblib at ${url}/api and its dashboard at ${url}/api/dashboard.`,
);

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void app.close());
