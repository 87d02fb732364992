import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");
const CLASS =
  /^(?:export )?(?:abstract )?class (\w+)(?:<[^>]*>)? (?:extends (\w+)[^{]*)?(?:implements [^{]*)?\{/gm;
const NAME = /\bname = (?:"(\w+)"|(new\.target\.name))/;

interface SourceClass {
  readonly file: string;
  readonly name: string;
  readonly parent: string | undefined;
  /** The name that its instances get: `new.target.name` for the name of the class of the instance. */
  readonly assigned: string | undefined;
}

/** Returns the classes of a text. A class ends where the next top-level class begins. */
function findClasses(file: string, text: string): SourceClass[] {
  const found = [...text.matchAll(CLASS)];
  return found.map((match, index) => {
    const assignment = NAME.exec(text.slice(match.index, found[index + 1]?.index));
    const [, name = "", parent] = match;
    return { file, name, parent, assigned: assignment?.[1] ?? assignment?.[2] };
  });
}

/** Returns the error classes whose instances have another name than their class. */
function findWrongNames(classes: readonly SourceClass[]): string[] {
  const findParent = ({ file, parent }: SourceClass) =>
    classes.find((other) => other.name === parent && other.file === file) ??
    classes.find((other) => other.name === parent);
  const isError = (one: SourceClass): boolean => {
    const parent = findParent(one);
    return parent === undefined ? one.parent === "Error" : isError(parent);
  };
  const getName = (one: SourceClass): string | undefined => {
    const parent = findParent(one);
    return one.assigned ?? (parent && getName(parent));
  };
  return classes.filter(isError).flatMap((one) => {
    const name = getName(one) ?? "Error";
    return name === one.name || name === "new.target.name"
      ? []
      : [`${one.file}: ${one.name} has the name ${name}`];
  });
}

test("the name of every error is the name of its class", () => {
  const files = globSync("{protocol,sdk,server,cli}/**/*.ts", { cwd: ROOT });
  const classes = files.flatMap((file) => findClasses(file, readFileSync(resolve(ROOT, file), "utf8")));

  expect(classes.filter(({ parent }) => parent === "Error").length).toBeGreaterThan(10);
  expect(findWrongNames(classes)).toEqual([]);
});

test("the check of error names finds an error whose name is not the name of its class, even if the error inherits the name", () => {
  const text = `
export class Good extends Error {
  override readonly name = "Good";
}
class Inherited extends Good {}
export class Other extends Error {
  constructor() {
    super();
    this.name = "Another";
  }
}
class Unnamed extends Error {}
export class Base extends Error {
  constructor() {
    super();
    this.name = new.target.name;
  }
}
export class Derived extends Base {}
class NoError {}
`;

  expect(findWrongNames(findClasses("a.ts", text))).toEqual([
    "a.ts: Inherited has the name Good",
    "a.ts: Other has the name Another",
    "a.ts: Unnamed has the name Error",
  ]);
});
