import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../cluster/faulty-server.ts";
import type { Edit, Plant } from "./plant.ts";

/** A built file with what is to be wrong in it; an error where the product has moved on under the plant. */
const planted = ({ name }: Plant, { file, remove, insert }: Edit, dist: string): string => {
  const text = readFileSync(join(dist, file), "utf8");
  const found = text.split(remove).length - 1;
  if (found === 1) return text.replace(remove, () => insert);
  throw new Error(
    `dist/${file} has ${found} places for the plant "${name}", not one: bring test/faults/plants/plants.ts up to it`,
  );
};

/** Throws where a plant has no place in the product as it is built. */
export const requirePlaces = (plant: Plant): void => {
  for (const edit of plant.edits) planted(plant, edit, join(ROOT, "dist"));
};

/** Makes a copy of the built product with the defect in it, and gives its folder. */
export const plantedCopy = (plant: Plant, folder: string): string => {
  const root = join(folder, plant.name.replace(/\W+/g, "-"));
  mkdirSync(root, { recursive: true });
  for (const name of ["bin", "dist", "package.json"])
    cpSync(join(ROOT, name), join(root, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
  const dist = join(root, "dist");
  for (const edit of plant.edits) writeFileSync(join(dist, edit.file), planted(plant, edit, dist));
  return root;
};
