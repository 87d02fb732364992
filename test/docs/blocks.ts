import { readFileSync } from "node:fs";

/**
 * A fenced block of a page that its reader types or sees: ```` ```sh run ````, which comes to its end;
 * ```` ```sh terminal="ready" ````, a terminal of its own, which has begun once it says that; ```` ```sh elsewhere ````,
 * which needs what no test has; and ```` ```text ````, what the run before it prints (`…` stands for anything).
 */
export interface Block {
  readonly kind: "run" | "terminal" | "elsewhere" | "text" | "unmarked";
  readonly code: string;
  /** Of a terminal. */
  readonly ready: string;
}

const BLOCK = /^```(sh|text)(?: (run|terminal|elsewhere)(?:="([^"]+)")?)?\n([\s\S]*?)^```$/gm;
const KINDS = ["run", "terminal", "elsewhere"] as const;

/** What a page tells its reader to type, and to expect, in its order. */
export const blocksOf = (page: string): Block[] => {
  const text = readFileSync(new URL(`../../${page}`, import.meta.url), "utf8");
  return [...text.matchAll(BLOCK)].map(([, language, mark, ready = "", code = ""]) => {
    const kind = language === "text" ? "text" : (KINDS.find((known) => known === mark) ?? "unmarked");
    return { kind, code, ready };
  });
};

const escapeText = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** What a text block expects, as a pattern of the whole output. */
export const expected = (code: string): RegExp =>
  new RegExp(`^${code.trim().split("…").map(escapeText).join("[\\s\\S]*?")}$`);
