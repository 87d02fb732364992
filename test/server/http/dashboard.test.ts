import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { expectProblem } from "./responses.ts";

const PAGE = `<!doctype html><html><head>
    <meta name="joblib-api" content="" />
    <link rel="icon" href="./icon.svg" />
    <script type="module" crossorigin src="./assets/index-abc123.js"></script></head><body></body></html>`;

/** What a build of the dashboard comes to, as far as the server knows it. */
const build = (): string => {
  const files = mkdtempSync(join(tmpdir(), "joblib-dashboard-"));
  mkdirSync(join(files, "assets"));
  writeFileSync(join(files, "index.html"), PAGE);
  writeFileSync(join(files, "icon.svg"), "<svg xmlns='http://www.w3.org/2000/svg'/>");
  writeFileSync(join(files, "assets", "index-abc123.js"), "export {};");
  return files;
};

const files = build();
const HTML = { headers: { accept: "text/html,*/*;q=0.8" } };

const apis: Api[] = [];
const open = async (options: Parameters<typeof openApi>[0]) => {
  const api = await openApi({ dashboardFiles: files, ...options });
  apis.push(api);
  return api;
};
let atRoot: Api;
let atUi: Api;
beforeAll(async () => {
  atRoot = await open({ dashboard: true });
  atUi = await open({ dashboard: "/ui", prefix: "/jobs" });
});
afterAll(async () => {
  for (const api of apis) await api.close();
  rmSync(files, { recursive: true });
});

test.each([
  "/",
  "/rooms/lab/jobs/public:a:b",
  "/?room=lab",
])("the page is at %s, for deep links as well", async (url) => {
  const answer = await atRoot.send("GET", url, HTML);

  expect(answer.status).toBe(200);
  expect(answer.headers["content-type"]).toBe("text/html; charset=utf-8");
  expect(answer.text).toContain('<meta name="joblib-api" content=""><meta name="joblib-root" content="/">');
  expect(answer.text).toContain('src="/assets/index-abc123.js"');
});

test.each(["/ui", "/ui/", "/ui/tasks/1"])("under a path and a prefix it says both (%s)", async (url) => {
  const { text } = await atUi.send("GET", url, HTML);

  expect(text).toContain(
    '<meta name="joblib-api" content="/jobs"><meta name="joblib-root" content="/jobs/ui/">',
  );
  expect(text).toContain('src="/jobs/ui/assets/index-abc123.js"');
  expect(text).toContain('href="/jobs/ui/icon.svg"');
  expect(text.match(/joblib-api/g)).toHaveLength(1);
});

test("page and files carry a policy that lets nothing in from elsewhere", async () => {
  for (const url of ["/", "/assets/index-abc123.js"]) {
    const { headers } = await atRoot.send("GET", url, HTML);
    expect(headers["content-security-policy"]).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    );
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["referrer-policy"]).toBe("no-referrer");
  }
});

test("what is named by its hash is kept for ever, the rest is asked for again", async () => {
  const cached = async (url: string) => (await atRoot.send("GET", url)).headers["cache-control"];

  expect(await cached("/assets/index-abc123.js")).toBe("public, max-age=31536000, immutable");
  expect(await cached("/icon.svg")).toBe("no-cache");
  expect(await cached("/")).toBe("no-cache");
});

describe("the API beside it stays as it is", () => {
  test("what it does not have is a problem, also to a browser", async () => {
    expectProblem(await atRoot.send("GET", "/v1/joblib/nothing", HTML), "route-not-found");
    expectProblem(await atRoot.send("GET", "/v1/problems/nothing", HTML), "route-not-found");
    expectProblem(await atRoot.send("GET", "/nothing"), "route-not-found");
  });

  test("a method that an address does not take is told, with those that it does", async () => {
    const answer = await atRoot.send("GET", "/v1/joblib/tasks/x/retry", HTML);

    expectProblem(answer, "method-not-allowed");
    expect(answer.headers["allow"]).toBe("POST");
  });

  test("a file that is not there is not answered with the page to who wants no page", async () => {
    const headers = { accept: "image/avif,image/webp" };
    expectProblem(await atRoot.send("GET", "/assets/gone.png", { headers }), "route-not-found");
  });

  test("files outside of the dashboard's are not reached", async () => {
    for (const url of ["/assets/..%2f..%2fpackage.json", "/..%2findex.html", "/assets/%2e%2e/index.html"]) {
      expect((await atRoot.send("GET", url, HTML)).text).not.toMatch(/"name": "joblib"/);
    }
  });
});

test("a host that serves files of its own may have it too", async () => {
  const api = await open({
    dashboard: "/ui",
    host: (app) => void app.register(fastifyStatic, { root: files, prefix: "/own/" }),
  });

  expect((await api.send("GET", "/own/icon.svg")).status).toBe(200);
  expect((await api.send("GET", "/ui/icon.svg")).headers["x-content-type-options"]).toBe("nosniff");
});

test("a checkout that was not built says how it is", async () => {
  const api = await open({ dashboard: true, dashboardFiles: join(files, "assets") });
  const answer = await api.send("GET", "/", HTML);

  expect(answer.status).toBe(503);
  expect(answer.text).toContain("npm run build");
});

test("without the option there is none", async () => {
  const api = await open({});

  expect((await api.send("GET", "/", HTML)).status).toBe(404);
});

test("a path that is none is refused at the start", async () => {
  await expect(openApi({ dashboard: "ui" })).rejects.toThrow("`dashboard` must be a path");
});
