import { Process } from "../processes/process.ts";
import type { ProducerCalls } from "../processes/producer.ts";
import type { WorkerCalls } from "../processes/worker.ts";
import type { Endpoints, Setting } from "../subjects/subject.ts";
import type { SubjectName } from "../subjects/subjects.ts";

/** The job queue to measure, its setting, and the addresses of the services that it uses. */
export interface Role {
  readonly subject: SubjectName;
  readonly setting: Setting;
  readonly endpoints: Endpoints;
}

/** Starts and connects a process that submits tasks. */
export const openProducer = async (role: Role): Promise<Process<ProducerCalls>> => {
  const producer = await Process.start<ProducerCalls>("producer.ts");
  await producer.call("open", role);
  return producer;
};

/**
 * Starts and connects a process that runs tasks. The process runs no task before `start` is called.
 */
export const openWorker = async (role: Role): Promise<Process<WorkerCalls>> => {
  const worker = await Process.start<WorkerCalls>("worker.ts");
  await worker.call("open", role);
  return worker;
};
