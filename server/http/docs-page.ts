import { createHash } from "node:crypto";
import * as z from "zod";
import {
  ACCESS_RULES,
  getResponseSchema,
  type Operation,
  operations,
  PROBLEMS,
} from "../../protocol/index.ts";

const STYLE = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 small { font-weight: normal; opacity: .7; font-size: .5em; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
details { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; padding: 0 .8rem; }
summary { cursor: pointer; padding: .5rem 0; }
code, pre { font: .87rem/1.45 ui-monospace, monospace; }
pre { overflow: auto; max-height: 26rem; padding: .8rem; background: color-mix(in srgb, currentColor 6%, transparent); border-radius: .4rem; }
b.method { display: inline-block; min-width: 4.5rem; }
td { padding: .1rem 1rem .1rem 0; vertical-align: top; }
p.about { opacity: .8; margin: .2rem 0 .6rem; }
`;

/**
 * Content security policy of the page. It allows no scripts, and only the style sheet in `STYLE`.
 */
export const DOCS_CSP = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Escapes a text for HTML and for attributes in double quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}

const renderSchema = (title: string, schema: z.ZodType, io: "input" | "output") => {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return `<details><summary>${escapeHtml(title)}</summary><pre>${escapeHtml(JSON.stringify(json, null, 2))}</pre></details>`;
};

const renderTable = (rows: readonly (readonly [string | number, string, string])[]) => {
  const cells = rows.map(
    ([status, name, text]) =>
      `<tr><td>${status}</td><td><code>${name}</code></td><td>${escapeHtml(text)}</td></tr>`,
  );
  return rows.length > 0 ? `<table>${cells.join("")}</table>` : "";
};

const renderOperation = (name: string, operation: Operation) => {
  const responses = Object.keys(operation.responses).map((status) => {
    const schema = getResponseSchema(operation, Number(status));
    const title = `Response ${status}: ${operation.responseDescriptions[Number(status)]}`;
    return schema ? renderSchema(title, schema, "output") : `<p>${escapeHtml(title)}</p>`;
  });
  const problems = operation.problems.map((id) => [PROBLEMS[id].status, id, PROBLEMS[id].title] as const);
  const headers = Object.entries(operation.headers ?? {}).map((header) => ["", ...header] as const);
  return `<details id="${name}"><summary><b class="method">${operation.method}</b> <code>${escapeHtml(operation.path.replace(/:([a-z_]+)/g, "{$1}"))}</code></summary>
<p class="about">${escapeHtml(operation.summary)}. Access: ${escapeHtml(ACCESS_RULES[operation.access])}.</p>
${renderTable(headers)}
${operation.query ? renderSchema("Query", operation.query, "input") : ""}
${operation.body ? renderSchema(operation.bodyOptional ? "Body (optional)" : "Body", operation.body, "input") : ""}
${responses.join("")}
${renderTable(problems)}
</details>`;
};

const GROUPS: readonly (readonly [title: string, test: RegExp])[] = [
  ["Jobs", /\/jobs/],
  ["Tasks", /\/tasks|\/claims|\/bulk/],
  ["Workers", /\/workers/],
  ["Files", /\/files/],
  ["Providers", /\/providers/],
  ["Access", /\/me$|\/invitations/],
  ["Rooms, stats and health", /\/rooms|\/stats|\/health/],
  ["Problems", /\/problems/],
];

/** Renders the API reference from the table of operations, as one page without scripts. */
export const renderDocsPage = (version: string): string => {
  const entries = Object.entries<Operation>(operations);
  const getGroup = (path: string) => GROUPS.find(([, test]) => test.test(path))?.[0];
  const sections = GROUPS.map(([title]) => {
    const blocks = entries
      .filter(([, { path }]) => getGroup(path) === title)
      .map(([name, operation]) => renderOperation(name, operation));
    return `<h2>${title}</h2>${blocks.join("\n")}`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>joblib API</title><style>${STYLE}</style></head>
<body><h1>joblib API <small>${escapeHtml(version)} · <a href="/openapi.json">OpenAPI 3.1</a></small></h1>
<p>Send a token as <code>Authorization: Bearer …</code>. Errors are <code>application/problem+json</code> (RFC 9457).</p>
${sections.join("\n")}
</body></html>
`;
};
