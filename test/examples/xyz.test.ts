import { describe, expect, test } from "vitest";
import { type Atom, AXES, formatXyz, loadStructure, parseXyz, rotate } from "../../examples/xyz.ts";

const CAFFEINE = new URL("../../examples/caffeine.xyz", import.meta.url);

const distance = (a: Atom, b: Atom) => Math.hypot(a.x - b.x, a.y - b.y, a.z - b.z);
const distances = (atoms: readonly Atom[]) => atoms.flatMap((a) => atoms.map((b) => distance(a, b)));
const largestDifference = (left: readonly number[], right: readonly number[]) =>
  Math.max(...left.map((value, index) => Math.abs(value - (right[index] ?? Number.NaN))));

describe("the caffeine structure", () => {
  test("the structure in caffeine.xyz has caffeine's formula, C8H10N4O2", async () => {
    const { atoms } = await loadStructure(CAFFEINE);

    const count = (element: string) => atoms.filter((atom) => atom.element === element).length;
    expect([..."CHNO"].map(count)).toEqual([8, 10, 4, 2]);
    expect(atoms).toHaveLength(24);
  });

  test("the structure in caffeine.xyz has the 25 bonds of caffeine with plausible lengths", async () => {
    const { atoms } = await loadStructure(CAFFEINE);

    const bonds = atoms
      .flatMap((a, index) => atoms.slice(index + 1).map((b) => ({ a, b, length: distance(a, b) })))
      .filter(({ a, b, length }) => length < (a.element === "H" || b.element === "H" ? 1.3 : 1.7));

    const lengths = (hydrogen: boolean) =>
      bonds
        .filter(({ a, b }) => (a.element === "H" || b.element === "H") === hydrogen)
        .map(({ length }) => length);
    expect(bonds).toHaveLength(25);
    expect(lengths(true)).toHaveLength(10);
    for (const length of lengths(true)) expect(length).toBeCloseTo(1.085, 1);
    for (const length of lengths(false)) expect(length > 1.2 && length < 1.5).toBe(true);
  });

  test("the structure in caffeine.xyz has planar rings", async () => {
    const { atoms } = await loadStructure(CAFFEINE);

    const heavy = atoms.filter(({ element }) => element !== "H");
    expect(Math.max(...heavy.map(({ z }) => Math.abs(z)))).toBeLessThan(0.01);
  });
});

describe("XYZ text", () => {
  test("a structure is unchanged after formatting and parsing", async () => {
    const structure = await loadStructure(CAFFEINE);

    const text = formatXyz(structure);

    expect(parseXyz(text)).toEqual(structure);
    expect(formatXyz(parseXyz(text))).toBe(text);
  });

  test("XYZ text may contain Windows line ends, additional columns and trailing blank lines", () => {
    const { atoms, comment } = parseXyz("1\r\nhelium \r\nHe 0 -.5 1e-3 0.25\r\n\r\n");

    expect(atoms).toEqual([{ element: "He", x: 0, y: -0.5, z: 0.001 }]);
    expect(comment).toBe("helium");
  });

  test.for([
    ["", 'line 1: expected the number of atoms, got ""'],
    ["two\n\nH 0 0 0", 'line 1: expected the number of atoms, got "two"'],
    ["2\n\nH 0 0 0", "line 3: the file ends after 1 of 2 atoms"],
    ["2\n\nH 0 0 0\n\n", "line 4: expected atom 2 of 2, got an empty line"],
    ["1\n\nH 0 0", "line 3: expected three coordinates, got 2"],
    ["2\n\nH 0 0 0\nH 0 zero 0", 'line 4: "zero" is not a coordinate'],
    ["1\n\n1 0 0 0", 'line 3: "1" is not an element symbol'],
    ["1\n\nH 0 0 0\nH 0 0 1", "line 4: more lines than the 1 atoms"],
  ] as const)("the error for the XYZ text %j contains the number of the invalid line", ([text, message]) => {
    expect(() => parseXyz(text, "water.xyz")).toThrow(`water.xyz, ${message}`);
  });

  test("formatted coordinates contain no negative zero", () => {
    const atoms = [{ element: "H", x: -1e-9, y: -0, z: 0 }];

    expect(formatXyz({ comment: "", atoms })).toBe("1\n\nH      0.00000     0.00000     0.00000\n");
  });
});

describe("rotation", () => {
  test.for(
    AXES.flatMap((axis) => [90, 360, -37.5].map((angle) => [axis, angle] as const)),
  )("a rotation about %s by %d degrees preserves all distances", async ([axis, angle]) => {
    const { atoms } = await loadStructure(CAFFEINE);

    const turned = rotate(atoms, axis, angle);

    expect(largestDifference(distances(turned), distances(atoms))).toBeLessThan(1e-9);
  });

  test("a rotation by 360 degrees returns every atom to its position", async () => {
    const { atoms } = await loadStructure(CAFFEINE);

    const moved = rotate(atoms, "x", 360).map((atom, index) => distance(atom, atoms[index] ?? atom));

    expect(Math.max(...moved)).toBeLessThan(1e-9);
  });

  test("a rotation is counter-clockwise about the centroid", () => {
    const pair = [
      { element: "H", x: 4, y: 2, z: 1 },
      { element: "H", x: 2, y: 2, z: 1 },
    ];

    const [first] = rotate(pair, "z", 90);

    expect(first?.x).toBeCloseTo(3, 12);
    expect(first?.y).toBeCloseTo(3, 12);
    expect(first?.z).toBe(1);
  });
});
