import { Process } from "../processes/process.ts";
import type { ProducerCalls } from "../processes/producer.ts";
import type { WorkerCalls } from "../processes/worker.ts";
import type { Place, Setting } from "../subjects/subject.ts";
import type { SubjectName } from "../subjects/subjects.ts";

/** Which queue, in which setting, where. */
export interface Role {
  readonly subject: SubjectName;
  readonly setting: Setting;
  readonly place: Place;
}

/** A process that hands in, connected. */
export const openProducer = async (role: Role): Promise<Process<ProducerCalls>> => {
  const producer = await Process.start<ProducerCalls>("producer.ts");
  await producer.ask("open", role);
  return producer;
};

/** A process that takes out, connected and not yet at work. */
export const openWorker = async (role: Role): Promise<Process<WorkerCalls>> => {
  const worker = await Process.start<WorkerCalls>("worker.ts");
  await worker.ask("open", role);
  return worker;
};
