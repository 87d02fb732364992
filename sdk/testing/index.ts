export { createFakeServer, FakeServer, type FakeServerOptions } from "./fake-server.ts";
export type { FakeSubmission } from "./fake-tasks.ts";
export {
  type Fake,
  type FakeAnswer,
  type FakeRequest,
  type Fakes,
  type HandlerOptions,
  joblibHandlers,
  problemResponse,
} from "./handlers.ts";
