import rdkit, { type Log, type Mol } from "@rdkit/rdkit";
import * as z from "zod";

/** Properties that RDKit computes from a molecule's graph. */
export interface MoleculeDescriptors {
  /** Average molecular weight in g/mol. */
  readonly molecularWeight: number;
  /** Octanol-water partition coefficient, by the method of Wildman and Crippen. */
  readonly logP: number;
  /** Topological polar surface area in Å². */
  readonly tpsa: number;
  readonly hBondDonors: number;
  readonly hBondAcceptors: number;
  /** Number of hydrogens on nitrogen and oxygen atoms, which the rule of five counts as donors. */
  readonly lipinskiDonors: number;
  /** Number of nitrogen and oxygen atoms, which the rule of five counts as acceptors. */
  readonly lipinskiAcceptors: number;
  readonly rotatableBonds: number;
  readonly rings: number;
  readonly aromaticRings: number;
  readonly heavyAtoms: number;
  readonly fractionCsp3: number;
}

export interface Depiction {
  /** Width of the picture in pixels. */
  readonly width: number;
  readonly height: number;
  /** A SMARTS pattern whose matches are drawn in color. */
  readonly highlight?: string | undefined;
}

/** Thrown if RDKit cannot parse a SMILES text. */
export class InvalidSmilesError extends Error {}

/** Thrown if RDKit cannot parse a SMARTS text. */
export class InvalidSmartsError extends Error {}

const RdkitDescriptors = z
  .object({
    amw: z.number(),
    CrippenClogP: z.number(),
    tpsa: z.number(),
    NumHBD: z.number(),
    NumHBA: z.number(),
    lipinskiHBD: z.number(),
    lipinskiHBA: z.number(),
    NumRotatableBonds: z.number(),
    NumRings: z.number(),
    NumAromaticRings: z.number(),
    NumHeavyAtoms: z.number(),
    FractionCSP3: z.number(),
  })
  .transform(
    (d): MoleculeDescriptors => ({
      molecularWeight: d.amw,
      logP: d.CrippenClogP,
      tpsa: d.tpsa,
      hBondDonors: d.NumHBD,
      hBondAcceptors: d.NumHBA,
      lipinskiDonors: d.lipinskiHBD,
      lipinskiAcceptors: d.lipinskiHBA,
      rotatableBonds: d.NumRotatableBonds,
      rings: d.NumRings,
      aromaticRings: d.NumAromaticRings,
      heavyAtoms: d.NumHeavyAtoms,
      fractionCsp3: d.FractionCSP3,
    }),
  );

const Match = z.object({ atoms: z.array(z.number()), bonds: z.array(z.number()) });
// RDKit returns {} instead of [] if nothing matches.
const Matches = z.union([z.array(Match), z.strictObject({}).transform(() => [])]);

/** Computes the descriptors of a molecule. */
export async function descriptors(smiles: string): Promise<MoleculeDescriptors> {
  return await withMolecule(smiles, (mol) => RdkitDescriptors.parse(JSON.parse(mol.get_descriptors())));
}

/**
 * Finds all matches of a SMARTS pattern. Each match lists atom indices in the order of the
 * pattern's atoms.
 */
export async function substructure(smiles: string, smarts: string): Promise<number[][]> {
  const matches = await withPattern(smarts, (pattern) =>
    withMolecule(smiles, (mol) => findMatches(mol, pattern)),
  );
  return matches.map(({ atoms }) => atoms);
}

/** Draws a molecule's structural formula as an SVG document. */
export async function depict(smiles: string, { width, height, highlight }: Depiction): Promise<string> {
  if (highlight === undefined) return await withMolecule(smiles, (mol) => mol.get_svg(width, height));
  return await withPattern(highlight, (pattern) =>
    withMolecule(smiles, (mol) => {
      const matches = findMatches(mol, pattern);
      const atoms = matches.flatMap((match) => match.atoms);
      const bonds = matches.flatMap((match) => match.bonds);
      return mol.get_svg_with_highlights(JSON.stringify({ width, height, atoms, bonds }));
    }),
  );
}

const findMatches = (mol: Mol, pattern: Mol) => Matches.parse(JSON.parse(mol.get_substruct_matches(pattern)));

async function withMolecule<T>(smiles: string, use: (mol: Mol) => T): Promise<T> {
  const { module, log } = await loadOnce();
  const mol = parseWithReason(smiles, log, (text) => module.get_mol(text));
  if (typeof mol === "string") throw new InvalidSmilesError(`invalid SMILES ${quote(smiles)}: ${mol}`);
  return await applyAndDelete(mol, use);
}

async function withPattern<T>(smarts: string, use: (pattern: Mol) => T | Promise<T>): Promise<T> {
  const { module, log } = await loadOnce();
  const pattern = parseWithReason(smarts, log, (text) => module.get_qmol(text));
  if (typeof pattern === "string") {
    throw new InvalidSmartsError(`invalid SMARTS ${quote(smarts)}: ${pattern}`);
  }
  return await applyAndDelete(pattern, use);
}

/**
 * Calls `use` with a parsed molecule and then deletes the molecule, because WebAssembly memory is
 * not garbage collected.
 */
async function applyAndDelete<T>(mol: Mol, use: (mol: Mol) => T | Promise<T>): Promise<T> {
  try {
    return await use(mol);
  } finally {
    mol.delete();
  }
}

/** Parses a text. Returns the molecule or pattern, or the reason why the text is invalid. */
function parseWithReason(text: string, log: Log | null, parse: (text: string) => Mol | null): Mol | string {
  // These texts are rejected here, because RDKit would accept them: it treats the text after
  // whitespace as a name, and an empty text as a molecule without atoms.
  if (text === "") return "it is empty";
  if (/\s/.test(text)) return "it contains whitespace";
  log?.clear_buffer();
  return parse(text) ?? extractReason(log?.get_buffer() ?? "");
}

const quote = (text: string) => JSON.stringify(text);

/**
 * Extracts the reason for a parse error from RDKit's log. The log repeats the reason in up to five
 * lines and marks its position.
 */
function extractReason(log: string): string {
  const position = /around position (\d+)/.exec(log)?.[1];
  if (position !== undefined) return `syntax error around position ${position}`;
  const [first = ""] = log.split("\n");
  const reason = first
    .replace(/^\[[\d:]+\] /, "")
    .replace(/^SM(ILES|ARTS) Parse Error: /, "")
    .replace(/ for input: .*$/, "");
  return reason === "" ? "RDKit does not accept it" : reason;
}

async function load() {
  const module = await rdkit.default();
  // Captures RDKit's log, because only the log contains the reason why RDKit rejects a molecule.
  return { module, log: module.set_log_capture("rdApp.*") };
}

let loading: ReturnType<typeof load> | undefined;
const loadOnce = () => {
  loading ??= load();
  return loading;
};
