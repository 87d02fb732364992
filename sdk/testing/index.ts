export { createFakeServer, FakeServer, type FakeServerOptions } from "./fake-server.ts";
export type { FakeSubmission } from "./fake-tasks.ts";
export {
  type Fake,
  type FakeRequest,
  type FakeResponse,
  type Fakes,
  type HandlerOptions,
  joblibHandlers,
  toProblemResponse,
} from "./handlers.ts";
