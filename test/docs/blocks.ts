import { readFileSync } from "node:fs";

/**
 * A fenced block of a documentation page, with commands or their output. ```` ```sh run ````
 * contains commands that end. ```` ```sh terminal="ready" ```` runs in its own terminal, and has
 * started when it prints `ready`. ```` ```sh elsewhere ```` cannot run in a test. ```` ```text ```` is the output
 * of the last `run` block before it; `…` matches any text.
 */
export interface Block {
  readonly kind: "run" | "terminal" | "elsewhere" | "text" | "unmarked";
  readonly code: string;
  /** The output that shows that a terminal's command has started. */
  readonly ready: string;
}

const BLOCK = /^```(sh|text)(?: (run|terminal|elsewhere)(?:="([^"]+)")?)?\n([\s\S]*?)^```$/gm;
const KINDS = ["run", "terminal", "elsewhere"] as const;

export const readBlocks = (page: string): Block[] => {
  const text = readFileSync(new URL(`../../${page}`, import.meta.url), "utf8");
  return [...text.matchAll(BLOCK)].map(([, language, mark, ready = "", code = ""]) => {
    const kind = language === "text" ? "text" : (KINDS.find((known) => known === mark) ?? "unmarked");
    return { kind, code, ready };
  });
};

const escapeText = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Converts a text block into a pattern that the whole output must match. */
export const toOutputPattern = (code: string): RegExp =>
  new RegExp(`^${code.trim().split("…").map(escapeText).join("[\\s\\S]*?")}$`);
