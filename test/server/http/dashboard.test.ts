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

/** Creates those files of a built dashboard that the server reads or rewrites. */
const createDashboardFiles = (): string => {
  const files = mkdtempSync(join(tmpdir(), "joblib-dashboard-"));
  mkdirSync(join(files, "assets"));
  writeFileSync(join(files, "index.html"), PAGE);
  writeFileSync(join(files, "icon.svg"), "<svg xmlns='http://www.w3.org/2000/svg'/>");
  writeFileSync(join(files, "assets", "index-abc123.js"), "export {};");
  return files;
};

const files = createDashboardFiles();
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

test.each(["/", "/rooms/lab/jobs/public:a:b", "/?room=lab"])("the dashboard is served at %s", async (url) => {
  const response = await atRoot.send("GET", url, HTML);

  expect(response.status).toBe(200);
  expect(response.headers["content-type"]).toBe("text/html; charset=utf-8");
  expect(response.text).toContain('<meta name="joblib-api" content=""><meta name="joblib-root" content="/">');
  expect(response.text).toContain('src="/assets/index-abc123.js"');
});

test.each([
  "/ui",
  "/ui/",
  "/ui/tasks/1",
])("the page at %s contains the path and the prefix of the dashboard", async (url) => {
  const { text } = await atUi.send("GET", url, HTML);

  expect(text).toContain(
    '<meta name="joblib-api" content="/jobs"><meta name="joblib-root" content="/jobs/ui/">',
  );
  expect(text).toContain('src="/jobs/ui/assets/index-abc123.js"');
  expect(text).toContain('href="/jobs/ui/icon.svg"');
  expect(text.match(/joblib-api/g)).toHaveLength(1);
});

test("the dashboard has a content security policy that blocks other origins", async () => {
  for (const url of ["/", "/assets/index-abc123.js"]) {
    const { headers } = await atRoot.send("GET", url, HTML);
    expect(headers["content-security-policy"]).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    );
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["referrer-policy"]).toBe("no-referrer");
  }
});

test("browsers cache dashboard files with a hash in their name forever, and revalidate all other files", async () => {
  const getCacheControl = async (url: string) => (await atRoot.send("GET", url)).headers["cache-control"];

  expect(await getCacheControl("/assets/index-abc123.js")).toBe("public, max-age=31536000, immutable");
  expect(await getCacheControl("/icon.svg")).toBe("no-cache");
  expect(await getCacheControl("/")).toBe("no-cache");
});

describe("API of a server with a dashboard", () => {
  test("the API of a server with a dashboard returns a problem for an unknown path, also to a browser", async () => {
    expectProblem(await atRoot.send("GET", "/v1/joblib/nothing", HTML), "route-not-found");
    expectProblem(await atRoot.send("GET", "/v1/problems/nothing", HTML), "route-not-found");
    expectProblem(await atRoot.send("GET", "/nothing"), "route-not-found");
  });

  test("the API of a server with a dashboard returns the allowed methods for a method that is not allowed", async () => {
    const response = await atRoot.send("GET", "/v1/joblib/tasks/x/retry", HTML);

    expectProblem(response, "method-not-allowed");
    expect(response.headers["allow"]).toBe("POST");
  });

  test("the API of a server with a dashboard returns a problem, not the dashboard's page, for a missing image", async () => {
    const headers = { accept: "image/avif,image/webp" };
    expectProblem(await atRoot.send("GET", "/assets/gone.png", { headers }), "route-not-found");
  });

  test("the dashboard does not serve files outside its folder", async () => {
    for (const url of ["/assets/..%2f..%2fpackage.json", "/..%2findex.html", "/assets/%2e%2e/index.html"]) {
      expect((await atRoot.send("GET", url, HTML)).text).not.toMatch(/"name": "joblib"/);
    }
  });
});

test("a host that serves static files itself can also serve the dashboard", async () => {
  const api = await open({
    dashboard: "/ui",
    host: (app) => void app.register(fastifyStatic, { root: files, prefix: "/own/" }),
  });

  expect((await api.send("GET", "/own/icon.svg")).status).toBe(200);
  expect((await api.send("GET", "/ui/icon.svg")).headers["x-content-type-options"]).toBe("nosniff");
});

test("the server responds with the command that builds the dashboard if the dashboard is not built", async () => {
  const api = await open({ dashboard: true, dashboardFiles: join(files, "assets") });
  const response = await api.send("GET", "/", HTML);

  expect(response.status).toBe(503);
  expect(response.text).toContain("npm run build");
});

test("the server does not serve the dashboard without the option `dashboard`", async () => {
  const api = await open({});

  expect((await api.send("GET", "/", HTML)).status).toBe(404);
});

test("the server does not start if the dashboard path is invalid", async () => {
  await expect(openApi({ dashboard: "ui" })).rejects.toThrow("`dashboard` must be true or a path");
});
