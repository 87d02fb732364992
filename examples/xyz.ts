import { readFile } from "node:fs/promises";

/** An atom with its element and its position in ångström. */
export interface Atom {
  readonly element: string;
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/**
 * A molecule with coordinates. Extensions that move the molecule replace the array of its atoms.
 */
export interface Structure {
  comment: string;
  atoms: readonly Atom[];
}

export const AXES = ["x", "y", "z"] as const;

export type Axis = (typeof AXES)[number];

const ELEMENT = /^[A-Z][a-z]?$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/**
 * Parses one structure in XYZ format. Throws an error with the number of the first invalid line.
 */
export function parseXyz(text: string, source = "XYZ"): Structure {
  const fail = (line: number, why: string) => new Error(`${source}, line ${line}: ${why}`);
  const lines = text.split(/\r?\n/);
  const [first = "", comment = "", ...rest] = lines;
  if (!/^\s*[1-9]\d*\s*$/.test(first)) throw fail(1, `expected the number of atoms, got "${first.trim()}"`);
  const count = Number(first);

  const atoms = rest.slice(0, count).map((line, index) => {
    const [element = "", ...columns] = line.trim().split(/\s+/);
    if (element === "") throw fail(index + 3, `expected atom ${index + 1} of ${count}, got an empty line`);
    if (!ELEMENT.test(element)) throw fail(index + 3, `"${element}" is not an element symbol`);
    return { element, ...parsePosition(columns, (why) => fail(index + 3, why)) };
  });
  if (atoms.length < count) {
    throw fail(lines.length, `the file ends after ${atoms.length} of ${count} atoms`);
  }
  const extra = rest.findIndex((line, index) => index >= count && line.trim() !== "");
  if (extra >= 0) throw fail(extra + 3, `more lines than the ${count} atoms that line 1 announces`);
  return { comment: comment.trim(), atoms };
}

/** Writes a structure in XYZ format, with coordinates rounded to 1e-5 Å. */
export function formatXyz({ atoms, comment }: Structure): string {
  const lines = atoms.map(
    ({ element, x, y, z }) => element.padEnd(2) + [x, y, z].map(formatCoordinate).join(""),
  );
  return `${[atoms.length, comment.replaceAll(/\s+/g, " "), ...lines].join("\n")}\n`;
}

/** Reads a structure from a file. */
export async function loadStructure(path: string | URL): Promise<Structure> {
  return parseXyz(await readFile(path, "utf8"), String(path));
}

/**
 * Rotates atoms about an axis through their centroid. The direction is counter-clockwise when seen
 * from the positive end of the axis.
 */
export function rotate(atoms: readonly Atom[], axis: Axis, angleDegrees: number): Atom[] {
  const centre = centroid(atoms);
  const k = { x: Number(axis === "x"), y: Number(axis === "y"), z: Number(axis === "z") };
  const angle = (angleDegrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];

  // Rodrigues' rotation formula: v' = v cos + (k × v) sin + k (k · v)(1 - cos)
  return atoms.map(({ element, ...at }) => {
    const v = { x: at.x - centre.x, y: at.y - centre.y, z: at.z - centre.z };
    const along = (k.x * v.x + k.y * v.y + k.z * v.z) * (1 - cos);
    return {
      element,
      x: centre.x + v.x * cos + (k.y * v.z - k.z * v.y) * sin + k.x * along,
      y: centre.y + v.y * cos + (k.z * v.x - k.x * v.z) * sin + k.y * along,
      z: centre.z + v.z * cos + (k.x * v.y - k.y * v.x) * sin + k.z * along,
    };
  });
}

function centroid(atoms: readonly Atom[]) {
  const mean = (axis: Axis) => atoms.reduce((sum, atom) => sum + atom[axis], 0) / atoms.length;
  return { x: mean("x"), y: mean("y"), z: mean("z") };
}

function parsePosition(columns: readonly string[], fail: (why: string) => Error) {
  const [x, y, z] = columns.slice(0, 3).map((text) => {
    if (!NUMBER.test(text)) throw fail(`"${text}" is not a coordinate`);
    return Number(text);
  });
  if (x === undefined || y === undefined || z === undefined) {
    throw fail(`expected three coordinates, got ${columns.length}`);
  }
  return { x, y, z };
}

/**
 * Formats a coordinate with five decimals. Avoids -0.00000 for tiny negative numbers, because equal
 * structures would then differ as text.
 */
function formatCoordinate(value: number): string {
  const text = value.toFixed(5);
  return (Number(text) === 0 ? "0.00000" : text).padStart(12);
}
