import { submitSurely } from "../clients/submitter.ts";
import { elapse } from "../clock.ts";
import type { FaultCase } from "../run/fault-case.ts";

const THRESHOLD_S = 4;

/** The only server stands still for longer than the threshold: the beats that queued behind it are heard before anybody is called dead. */
export const pausedServer: FaultCase = {
  name: "F9 server paused",
  invariants: ["I14", "I15"],
  cluster: { servers: 1, settings: { JOBLIB_WORKER_TIMEOUT_THRESHOLD: String(THRESHOLD_S) } },
  async run(scene) {
    const { server } = scene.node(0);
    const hand = await scene.hand("hand", { timeoutSeconds: 20, silent: true });
    await submitSurely(scene.client(), { token: "t" });
    const held = await hand.claim({ start: true });
    if (held === undefined) throw new Error("nothing was claimed");
    const end = new AbortController();
    const beats = (async () => {
      while (!end.signal.aborted) {
        await hand.beat([held.id]);
        await elapse(500, end.signal);
      }
    })();
    // The sweeper's own patience after its start has to be over.
    await scene.pause(THRESHOLD_S * 1000);
    server.pause();
    scene.fault("server paused");
    await scene.pause(THRESHOLD_S * 1000 + 1500);
    server.resume();
    await scene.pause(1500);
    const done = await hand.insist({ f: "complete", held });
    scene.require(done.outcome === "ok", "I14", "a worker that never ceased to beat was called dead");
    end.abort();
    await beats;
  },
};
