import { describe, expect, it } from "vitest";
import { findInMarkdown, findInSource } from "../../scripts/prose/find.ts";

const findPhrases = (source: string) => findInSource("file.ts", source).map(({ found }) => found);

describe("the prose check of a source file", () => {
  it("the prose check of a source file finds a headless clause in a comment, with its line", () => {
    const source = "const a = 1;\n\n/** Who waits is woken. */\nconst b = 2;\n";
    expect(findInSource("file.ts", source)).toEqual([
      { line: 3, found: "[Who] waits is woken.", instead: "start with the subject" },
    ]);
  });

  it("the prose check of a source file joins consecutive line comments before it looks for phrases", () => {
    expect(findPhrases("// The client is\n// told to retry.\nexport {};\n")).toEqual([
      "The client [is told] to retry.",
    ]);
  });

  it("the prose check of a source file finds a phrase in a string, a template and JSX text", () => {
    expect(findPhrases('const a = "it came to nothing";')).toHaveLength(1);
    expect(findPhrases("const a = `the job came to nothing`;")).toHaveLength(1);
    expect(findInSource("file.tsx", "const a = <p>The task came to nothing</p>;")).toHaveLength(1);
  });

  it("the prose check of a source file finds a test title that is not a sentence, and accepts the same words in other strings", () => {
    expect(findPhrases('it("of a failure", () => {});')).toEqual(["[of] a failure"]);
    expect(findPhrases('call("of a failure");')).toEqual([]);
  });

  it("the prose check of a source file ignores SQL, single words and questions", () => {
    const source = 'const a = ["select 1 from joblib.task where it is null", "told"]; // What is it?';
    expect(findPhrases(source)).toEqual([]);
  });

  it("the prose check of a source file finds names that do not follow the naming rules", () => {
    const source = "const MOST_TASKS = 1;\nfunction roomOf() {}\nconst lengthOf = 2;\n";
    expect(findPhrases(source)).toEqual(["MOST_TASKS", "roomOf"]);
  });
});

describe("the prose check of a Markdown document", () => {
  it("the prose check of a Markdown document reads headings, list items and table cells", () => {
    expect(findInMarkdown("# A\n\n- Whose task\n\n| a | Who waits |\n")).toMatchObject([
      { line: 3 },
      { line: 5 },
    ]);
  });

  it("the prose check of a Markdown document ignores code blocks, code spans, comments and link targets", () => {
    const source = "```\nWho waits\n```\n\n`Who waits` [a](whoever.md) <!-- whoever -->\n";
    expect(findInMarkdown(source)).toEqual([]);
  });
});
