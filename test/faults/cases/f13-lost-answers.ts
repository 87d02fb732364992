import { eventually } from "../../support/eventually.ts";
import type { Hand } from "../clients/hand.ts";
import { submit, submitSurely } from "../clients/submitter.ts";
import type { TcpProxy } from "../proxy/tcp-proxy.ts";
import type { FaultCase } from "../run/fault-case.ts";
import type { Scene } from "../run/scene.ts";
import { settle } from "../run/settle.ts";

const ROUNDS = 4;

/** Drops the answer to the next request that is like this while something is done. */
const without = async (scene: Scene, link: TcpProxy, request: RegExp, work: () => Promise<void>) => {
  const trap = link.trap({ request, fate: "cut" });
  await work();
  await trap.sprung;
  scene.fault("answer dropped");
};

/** Claims until the task is in hand: a claim without an answer is given back by the beat that does not name it. */
const claimSurely = (hand: Hand, id: string) =>
  eventually(
    async () => {
      const task = await hand.claim();
      if (task === null || task === undefined) await hand.beat([]);
      return task;
    },
    (task) => task?.id === id,
    { timeoutMs: 8000, intervalMs: 100, what: "the claim" },
  );

/** The server did it, and its client never heard: of a submit, a claim, a start and a completion. */
export const lostAnswers: FaultCase = {
  name: "F13 answers of the server lost",
  invariants: ["I2", "I6"],
  async run(scene) {
    const link = scene.node(0).server.http;
    const client = scene.client("client", { server: 0 });
    const hand = await scene.hand("hand", { server: 0 });
    for (let round = 0; round < ROUNDS; round += 1) {
      let id = "";
      await without(scene, link, /POST .*\/tasks\/private/, async () => {
        ({ id } = await submitSurely(client, { token: `${round}`, options: { max_attempts: 3 } }));
      });
      await without(scene, link, /tasks\/claim/, async () => void (await hand.claim()));
      const held = await claimSurely(hand, id);
      if (held === undefined) continue;
      await without(
        scene,
        link,
        /PATCH .*\/tasks\//,
        async () => void (await hand.insist({ f: "start", held })),
      );
      await without(scene, link, /PATCH .*\/tasks\//, async () => {
        const done = await hand.insist({ f: "complete", held });
        scene.require(done.outcome === "ok", "I6", "a repeated completion was refused");
      });
    }
    await settle(scene);
  },
};

/** The database committed, and its server never heard: it finds out what can be found out, and answers as if nothing were. */
export const lostCommits: FaultCase = {
  name: "F13 answers of the database lost",
  invariants: ["I2", "I6"],
  async run(scene) {
    const link = scene.node(0).postgres;
    const client = scene.client("client", { server: 0 });
    const hand = await scene.hand("hand", { server: 0 });
    const finds = async (what: string, request: RegExp, ask: () => Promise<{ readonly outcome: string }>) => {
      await without(scene, link, request, async () => {
        const { outcome } = await ask();
        scene.require(outcome === "ok", "I6", `${what} whose commit was not heard of came to ${outcome}`);
      });
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      const token = `commit-${round}-${scene.random.integer(0, 1e9)}`;
      await finds("a submit", new RegExp(token), () =>
        submit(client, { token, options: { max_attempts: 3 } }),
      );
      const { id } = await submitSurely(client, { token, options: { max_attempts: 3 } });
      await without(scene, link, new RegExp(hand.worker), async () => void (await hand.claim()));
      const held = await claimSurely(hand, id);
      if (held === undefined) continue;
      await finds("a start", new RegExp(id), () => hand.say({ f: "start", held }));
      await finds("a completion", new RegExp(id), () => hand.say({ f: "complete", held }));
    }
    await settle(scene);
  },
};

/** The same on the SDK, whose worker must find out by itself. */
export const lostDeliveries: FaultCase = {
  name: "F13 answers to an SDK worker lost",
  invariants: ["I6"],
  async run(scene) {
    const worker = await scene.workerProcess("worker", { concurrency: 1 });
    const client = scene.client();
    for (let round = 0; round < ROUNDS; round += 1) {
      const payload = { ms: 30 };
      await without(scene, worker.link, /"status":"completed"/, async () => {
        await submitSurely(client, { token: `${round}`, job: "Work", payload });
      });
    }
    await settle(scene);
  },
};
