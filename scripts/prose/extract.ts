import { type Node, parseSync, Visitor } from "oxc-parser";

/** A piece of prose and its line number, counted from 1. */
export interface Passage {
  readonly kind: "comment" | "text" | "title" | "markdown";
  readonly line: number;
  readonly text: string;
}

/** A name that a file declares, and its line. */
export interface DeclaredName {
  readonly line: number;
  readonly name: string;
  readonly isFunction: boolean;
}

/** The prose and the declared names of a TypeScript file. */
export interface SourceText {
  readonly passages: readonly Passage[];
  readonly names: readonly DeclaredName[];
}

const TEST_FUNCTIONS = new Set(["it", "test"]);
/** Matches a text of at least two words. A shorter text is an identifier, a key or a format. */
const HAS_WORDS = /[A-Za-z]{2,}[,.:;]? [A-Za-z]/;
const SQL =
  /^\s*(?:select|insert into|update|delete from|alter|create|with|and|or|from|where|on|order by)\b[^.]*(?:$|[=<>($])|\bfrom joblib\./;

/** Returns a function that converts an offset in `source` to its line number, counted from 1. */
function indexLines(source: string): (offset: number) => number {
  const starts = [0];
  for (let at = source.indexOf("\n"); at >= 0; at = source.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

/** Returns the comments, texts, test titles and declared names of a TypeScript or TSX file. */
export function readSource(path: string, source: string): SourceText {
  const { program, comments, errors } = parseSync(path, source);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  const lineAt = indexLines(source);
  const passages: Passage[] = [];
  const names: DeclaredName[] = [];

  // Joins consecutive line comments, because they are a single paragraph.
  let end = -1;
  for (const { type, value, start, end: last } of comments) {
    const text = type === "Block" ? value.replace(/^[ \t]*\*+ ?/gm, "") : value.replace(/^ /, "");
    const previous = passages.at(-1);
    const isContinued = type === "Line" && end >= 0 && /^\r?\n[ \t]*$/.test(source.slice(end, start));
    if (isContinued && previous !== undefined) {
      passages[passages.length - 1] = { ...previous, text: `${previous.text}\n${text}` };
    } else {
      passages.push({ kind: "comment", line: lineAt(start), text });
    }
    end = type === "Line" ? last : -1;
  }

  const titles = new Set<number>();
  const addText = (start: number, text: string) => {
    if (!HAS_WORDS.test(text) || SQL.test(text)) return;
    passages.push({ kind: titles.has(start) ? "title" : "text", line: lineAt(start), text });
  };
  const addName = (node: Node | null, isFunction: boolean) => {
    if (node?.type === "Identifier") names.push({ line: lineAt(node.start), name: node.name, isFunction });
  };

  new Visitor({
    CallExpression({ callee, arguments: [first] }) {
      const called = callee.type === "MemberExpression" ? callee.object : callee;
      if (called.type !== "Identifier" || !TEST_FUNCTIONS.has(called.name) || first === undefined) return;
      if (first.type === "Literal") titles.add(first.start);
      if (first.type === "TemplateLiteral") for (const part of first.quasis) titles.add(part.start);
    },
    Literal({ value, start }) {
      if (typeof value === "string") addText(start, value);
    },
    TemplateElement({ value, start }) {
      addText(start, value.cooked ?? value.raw);
    },
    JSXText({ value, start }) {
      addText(start, value);
    },
    FunctionDeclaration({ id }) {
      addName(id, true);
    },
    VariableDeclarator({ id, init }) {
      const isFunction = init?.type === "ArrowFunctionExpression" || init?.type === "FunctionExpression";
      addName(id, isFunction);
    },
    ClassDeclaration({ id }) {
      addName(id, false);
    },
    MethodDefinition({ key }) {
      addName(key, true);
    },
    TSInterfaceDeclaration({ id }) {
      addName(id, false);
    },
    TSTypeAliasDeclaration({ id }) {
      addName(id, false);
    },
  }).visit(program);

  return { passages, names };
}

const FENCE = /^[ \t]*(```|~~~)/;

/**
 * Returns the prose of a Markdown document. Omits code blocks, code spans, comments and link
 * targets.
 */
export function readMarkdown(source: string): readonly Passage[] {
  const passages: Passage[] = [];
  let isCode = false;
  for (const [index, line] of source
    .replace(/<!--[\s\S]*?-->/g, (all) => all.replace(/[^\n]/g, ""))
    .split("\n")
    .entries()) {
    if (FENCE.test(line)) {
      isCode = !isCode;
      continue;
    }
    if (isCode) continue;
    // Replaces each code span by the word `CODE`, so that a pattern can still match words on both
    // sides of the code span.
    const text = line.replace(/`[^`]*`/g, "CODE").replace(/\]\([^)]*\)/g, "]");
    if (text.trim() !== "") passages.push({ kind: "markdown", line: index + 1, text });
  }
  return passages;
}
