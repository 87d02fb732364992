import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../cluster/server-process.ts";
import type { Edit, Mutant } from "./mutant.ts";

/**
 * Returns a built file with the defect. Throws if the text to replace does not occur exactly once.
 */
const applyEdit = ({ name }: Mutant, { file, remove, insert }: Edit, dist: string): string => {
  const text = readFileSync(join(dist, file), "utf8");
  const found = text.split(remove).length - 1;
  if (found === 1) return text.replace(remove, () => insert);
  throw new Error(
    `The mutant "${name}" matches ${found} times in dist/${file} instead of once. Update test/faults/mutants/mutants.ts.`,
  );
};

/** Throws if a mutant cannot be applied to the current build. */
export const requireApplicable = (mutant: Mutant): void => {
  for (const edit of mutant.edits) applyEdit(mutant, edit, join(ROOT, "dist"));
};

/** Copies the build, applies the mutant and returns the copy's folder. */
export const createMutantCopy = (mutant: Mutant, folder: string): string => {
  const root = join(folder, mutant.name.replace(/\W+/g, "-"));
  mkdirSync(root, { recursive: true });
  for (const name of ["bin", "dist", "package.json"])
    cpSync(join(ROOT, name), join(root, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
  const dist = join(root, "dist");
  for (const edit of mutant.edits) writeFileSync(join(dist, edit.file), applyEdit(mutant, edit, dist));
  return root;
};
