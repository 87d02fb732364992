import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../cluster/faulty-server.ts";
import type { Plant } from "./plant.ts";

/** Makes a copy of the built product with the defect in it, and gives its folder. */
export const plantedCopy = (plant: Plant, folder: string): string => {
  const root = join(folder, plant.name.replace(/\W+/g, "-"));
  mkdirSync(root, { recursive: true });
  for (const name of ["bin", "dist", "package.json"])
    cpSync(join(ROOT, name), join(root, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
  for (const { file, remove, insert } of plant.edits) {
    const path = join(root, "dist", file);
    const text = readFileSync(path, "utf8");
    const found = text.split(remove).length - 1;
    if (found !== 1) throw new Error(`${file} has ${found} places for the plant "${plant.name}": update it`);
    writeFileSync(
      path,
      text.replace(remove, () => insert),
    );
  }
  return root;
};
