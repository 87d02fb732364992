import { isTerminal, JoblibClient } from "../../../sdk/index.ts";
import { submitSurely } from "../clients/submitter.ts";
import { elapse } from "../clock.ts";
import type { FaultCase } from "../run/fault-case.ts";
import type { Scene } from "../run/scene.ts";
import { settle } from "../run/settle.ts";

const LINES = 40;
const PATIENCE_MS = 30_000;

/** What one follower heard of a task: the numbers of its log's lines, and the versions of its states. */
interface Heard {
  readonly lines: number[];
  readonly fractions: number[];
  end: string;
}

const listenTo = async (scene: Scene, taskId: string, signal: AbortSignal): Promise<Heard> => {
  const retry = { attempts: 1000, baseSeconds: 0.05, maxSeconds: 0.3, deadlineSeconds: 60 };
  const client = new JoblibClient({ url: scene.node(0).server.url, retry });
  const heard: Heard = { lines: [], fractions: [], end: "" };
  for await (const { event, data } of client.follow("followTask", { task_id: taskId }, { signal })) {
    if (event === "log") heard.lines.push(...data.items.map(({ number }) => number));
    else {
      heard.fractions.push(data.progress?.fraction ?? 0);
      heard.end = data.status;
      if (isTerminal(data.status)) return heard;
    }
  }
  return heard;
};

/** Streams of a task are cut, by idle timers and in the middle of a line, and their server is killed: who follows has all of it, once. */
export const cutStreams: FaultCase = {
  name: "F38 streams cut",
  invariants: ["I8"],
  async run(scene) {
    const { server } = scene.node(0);
    const hand = await scene.hand("hand", { server: 1 });
    const { id } = await submitSurely(scene.client("submitter", { server: 1 }), { token: "t" });
    const held = await hand.claim({ start: true });
    if (held === undefined) throw new Error("nothing was claimed");
    const beating = setInterval(() => void hand.beat([id]), 500);
    scene.use({ [Symbol.asyncDispose]: async () => clearInterval(beating) });
    const random = scene.random.fork("link");
    server.http.program(() => ({
      idleCutMs: 400,
      ...(random.chance(0.7) && { toClient: { cutAfterBytes: random.integer(200, 4000) } }),
    }));
    const over = new AbortController();
    const followers = Promise.all([1, 2, 3].map(() => listenTo(scene, id, over.signal)));
    const worker = new JoblibClient({ url: scene.node(1).server.directUrl });
    for (let number = 0; number < LINES; number += 1) {
      await worker.call("updateTask", {
        params: { task_id: id },
        body: {
          ...{ worker_id: hand.worker, attempt: held.attempt, progress: { fraction: (number + 1) / LINES } },
          log: [{ number, text: `line ${number} of the log` }],
        },
      });
      if (number % 10 === 9) server.http.cut();
      if (number === LINES / 2) {
        await server.stop("SIGKILL");
        await server.start();
        scene.fault("server killed under streams");
      }
      await scene.pause(random.between(20, 120));
    }
    scene.fault("streams cut");
    await hand.insist({ f: "complete", held });
    const late = elapse(PATIENCE_MS, over.signal).then(() =>
      over.abort(new Error("who follows was never told the end")),
    );
    for (const { lines, fractions, end } of await followers) {
      const isWhole = lines.length === LINES && lines.every((number, place) => number === place);
      scene.require(isWhole, "I8", `a stream brought the lines ${lines.join(" ")} of ${LINES}`);
      const isForward = fractions.every((fraction, place) => fraction >= (fractions[place - 1] ?? 0));
      scene.require(isForward, "I8", `a stream went back: ${fractions.join(" ")}`);
      scene.require(end === "completed", "I8", `a stream's last word was ${end}`);
    }
    over.abort();
    await late;
    await settle(scene);
  },
};
