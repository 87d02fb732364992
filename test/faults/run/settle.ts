import { eventually } from "../../support/eventually.ts";
import type { Scene } from "./scene.ts";

const OPEN = `select exists (select 1 from joblib.task
  where room_id = $1 and status in ('pending', 'claimed', 'running')) as open`;

/** Until every task of the scene has come to its end; a task that does not is for the checker to tell. */
export const settle = async (scene: Scene, seconds = 30): Promise<void> => {
  const open = async () => {
    const { rows } = await scene.cluster.sql.query<{ open: boolean }>(OPEN, [scene.room]);
    return rows[0]?.open === true;
  };
  const options = { timeoutMs: seconds * 1000, intervalMs: 50 };
  await eventually(open, (isOpen) => !isOpen, options).catch(() => {});
};
