import { isTerminal, type Task } from "../../protocol/index.ts";
import { ProtocolError } from "../errors.ts";
import { sleep } from "./abort.ts";
import type { AwaitTaskOptions } from "./options.ts";
import { MAX_LONG_POLL_SECONDS } from "./request.ts";
import type { Caller } from "./resource.ts";
import type { RetryPolicy } from "./retry.ts";

/**
 * Retries each failed request for two minutes, so that waiting for a task survives a restart of the
 * server.
 */
const AWAIT_RETRY: Partial<RetryPolicy> = { attempts: Number.POSITIVE_INFINITY, deadlineSeconds: 120 };

/** Polls a task until it has ended, or until `wait` seconds have passed, and returns the task. */
export async function awaitTask(
  client: Caller,
  id: string,
  { wait: maxSeconds = Number.POSITIVE_INFINITY, signal, onChange }: AwaitTaskOptions,
): Promise<Task> {
  const deadline = performance.now() + maxSeconds * 1000;
  let task: Task | undefined;
  let etag: string | undefined;
  for (;;) {
    const startedAt = performance.now();
    const remaining = Math.max(0, (deadline - startedAt) / 1000);
    // The duration of a long poll is random, so that clients that lost their connections at the
    // same time do not all reconnect at the same time.
    const pollSeconds = Math.ceil(Math.min(remaining, MAX_LONG_POLL_SECONDS - Math.floor(Math.random() * 5)));
    // A long poll without an ETag returns when the task has ended; a long poll with an ETag returns
    // when the task has changed. If `onChange` is set, the first request is not a long poll: it
    // immediately returns the current task and the ETag for the following long polls.
    const wait = onChange !== undefined && etag === undefined ? 0 : pollSeconds;
    const options = { signal, retry: AWAIT_RETRY, wait: wait || undefined, ifNoneMatch: etag };
    const { status, headers, body } = await client.call("readTask", { params: { task_id: id } }, options);
    if (status === 200) {
      if (body.id !== id) throw new ProtocolError(`the server returned task ${body.id} instead of ${id}`);
      task = body;
      const hasChanged = headers.etag === undefined || headers.etag !== etag;
      if (onChange !== undefined) etag = headers.etag;
      if (hasChanged) onChange?.(task);
    }
    if (task !== undefined && (isTerminal(task.status) || pollSeconds === 0)) return task;
    const isEarly =
      performance.now() - startedAt < 500 && (status === 304 || onChange === undefined || etag === undefined);
    // The response was early, so the server or a proxy does not support long polls. Poll about once
    // per second instead.
    if (isEarly && wait > 0)
      await sleep(Math.min(500 + Math.random() * 1000, Math.max(0, deadline - performance.now())), signal);
  }
}
