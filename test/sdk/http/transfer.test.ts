import { expect, test } from "vitest";
import { JoblibClient } from "../../../sdk/index.ts";

/** A response whose body records that it was read to its end. */
class RecordedResponse {
  readonly status: number;
  readonly headers: readonly [string, string][] = [["upload-offset", "5"]];
  isRead = false;

  constructor(status: number) {
    this.status = status;
  }

  readonly body = this.#read();

  async *#read(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(1);
    this.isRead = true;
  }
}

// undici keeps a request, and the content that was sent, in memory until the response was read.
test.each([
  { name: "appendToUpload", status: 204 },
  { name: "readUpload", status: 200 },
  { name: "downloadFile", status: 304 },
] as const)("JoblibClient.transfer reads the response to $name with status $status to its end", async ({
  name,
  status,
}) => {
  const response = new RecordedResponse(status);
  const client = new JoblibClient({ url: "http://api.test", fetch: async () => response });

  await client.transfer(name, { params: { file_id: "1" } });

  expect(response.isRead).toBe(true);
});

test("JoblibClient.transfer does not read the content of a download, because its caller reads the content", async () => {
  const response = new RecordedResponse(200);
  const client = new JoblibClient({ url: "http://api.test", fetch: async () => response });

  const { body } = await client.transfer("downloadFile", { params: { file_id: "1" } });

  expect(response.isRead).toBe(false);
  expect(body).toBe(response.body);
});
