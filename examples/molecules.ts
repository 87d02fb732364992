import { readFile } from "node:fs/promises";

/** One line of a molecule list. */
export interface ListedMolecule {
  readonly smiles: string;
  readonly name: string;
  /** Molecular weight in g/mol. Undefined if the line has no third column. */
  readonly literatureWeight: number | undefined;
}

const WEIGHT = /^\d+(\.\d+)?$/;

/**
 * Parses lines of the form `SMILES<TAB>name[<TAB>weight]`. Lines that start with `#` are comments.
 * Throws an error with the line number if a line is invalid.
 */
export function parseMolecules(text: string, source = "molecule list"): ListedMolecule[] {
  const lines = new Map<string, number>();
  return text.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === "" || line.startsWith("#")) return [];
    const fail = (why: string) => new Error(`${source}, line ${index + 1}: ${why}`);

    const [smiles = "", name = "", weight, ...more] = line.split("\t").map((column) => column.trim());
    if (smiles === "" || /\s/.test(smiles)) {
      throw fail(`expected a SMILES and a tab first, got "${line.trim()}"`);
    }
    if (name === "") throw fail(`expected a tab and a name after "${smiles}"`);
    if (weight !== undefined && !WEIGHT.test(weight))
      throw fail(`"${weight}" is not a molecular weight in g/mol`);
    if (more.length > 0) throw fail(`expected at most 3 columns, got ${3 + more.length}`);

    // Names must be unique, because results are matched to molecules by name.
    const earlier = lines.get(name);
    if (earlier !== undefined) throw fail(`"${name}" is already on line ${earlier}`);
    lines.set(name, index + 1);
    return [{ smiles, name, literatureWeight: weight === undefined ? undefined : Number(weight) }];
  });
}

/** Reads a molecule list from a file. */
export async function loadMolecules(path: string | URL): Promise<ListedMolecule[]> {
  return parseMolecules(await readFile(path, "utf8"), String(path));
}
