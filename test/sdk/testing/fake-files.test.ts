import { setupServer } from "msw/node";
import { expect, onTestFinished, test } from "vitest";
import * as z from "zod";
import { Extension } from "../../../sdk/extension/extension.ts";
import { file, type JobFile } from "../../../sdk/index.ts";
import { JobManager } from "../../../sdk/job-manager.ts";
import { createFakeServer } from "../../../sdk/testing/fake-server.ts";

class Reverse extends Extension(
  "files",
  { text: file({ mediaTypes: ["text/*"] }) },
  { result: z.object({ reversed: file() }) },
) {
  async run(): Promise<{ reversed: JobFile }> {
    const content = (await this.text.bytes()).toReversed();
    return { reversed: file(new Uint8Array(content), { name: `reversed-${this.text.name}` }) };
  }
}

test("a worker reads a file that was added to the fake server, and the test reads the file of the result", async () => {
  const fake = createFakeServer();
  const network = setupServer(...fake.handlers);
  network.listen();
  onTestFinished(() => network.close());
  await using jobs = new JobManager({ url: "http://joblib.test", room: "lab" });
  jobs.register(Reverse);
  await jobs.ready();
  const text = fake.addFile("lab", "greeting.txt", "hello", "text/plain");

  const { id } = fake.submit("lab", "private:files:Reverse", { payload: { text } });
  const stream = jobs.listen();
  for await (const task of stream) {
    await task.run();
    stream.stop();
  }

  const [added, reversed] = fake.files;
  expect(fake.task(id)).toMatchObject({ status: "completed", result: { reversed: `files/${reversed?.id}` } });
  expect(text).toBe(`files/${added?.id}`);
  expect(reversed).toMatchObject({ name: "reversed-greeting.txt", task_id: id, is_complete: true });
  expect(Buffer.from(fake.fileContent(reversed?.id ?? "")).toString()).toBe("olleh");
});
