import { eventually } from "../../support/eventually.ts";
import { submitSurely } from "../clients/submitter.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { settle } from "../run/settle.ts";

const ROUNDS = 2;

/** A server is killed between the commit of a claim and its answer: the claim comes back, and costs nothing. */
export const killedServer: FaultCase = {
  name: "F2 server killed between commit and answer",
  invariants: ["I1", "I7"],
  async run(scene) {
    const { server } = scene.node(0);
    const client = scene.client();
    const beating = await scene.hand("beat", { server: 1 });
    const hand = beating.via(scene.client("hand", { server: 0 }));
    const runsOf = async (id: string) => {
      const { rows } = await scene.cluster.sql.query(
        "select status, runs, attempt from joblib.task where id = $1",
        [id],
      );
      return rows[0];
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      const { id } = await submitSurely(client, { token: `${round}` });
      const trap = server.http.trap({ request: /tasks\/claim/, fate: "hold" });
      const claim = hand.claim();
      await trap.sprung;
      await server.stop("SIGKILL");
      scene.fault("server killed");
      server.http.cut();
      await claim;
      const started = server.start();

      const back = await eventually(
        async () => {
          await beating.beat([]);
          return runsOf(id);
        },
        ({ status }) => status === "pending",
        { timeoutMs: 5000, intervalMs: 100, what: "the claim that nobody received" },
      );
      scene.require(back.runs === 0 && back.attempt > 0, "I7", "a claim that was never received was charged");
      const task = await beating.claim({ wait: 3, start: true });
      await started;
      if (task !== undefined) await beating.insist({ f: "complete", held: task });
    }
    await settle(scene);
  },
};
