import rdkit, { type Log, type Mol } from "@rdkit/rdkit";
import * as z from "zod";

/** What RDKit computes from a molecule's graph. */
export interface MoleculeDescriptors {
  /** Average molecular weight in g/mol. */
  readonly molecularWeight: number;
  /** Octanol-water partition coefficient, by Wildman and Crippen. */
  readonly logP: number;
  /** Topological polar surface area in Å². */
  readonly tpsa: number;
  readonly hBondDonors: number;
  readonly hBondAcceptors: number;
  /** Hydrogens on nitrogen and oxygen: what the rule of five counts as donors. */
  readonly lipinskiDonors: number;
  /** Nitrogens and oxygens: what the rule of five counts as acceptors. */
  readonly lipinskiAcceptors: number;
  readonly rotatableBonds: number;
  readonly rings: number;
  readonly aromaticRings: number;
  readonly heavyAtoms: number;
  readonly fractionCsp3: number;
}

/** How a molecule is drawn. */
export interface Depiction {
  /** In pixels. */
  readonly width: number;
  readonly height: number;
  /** A SMARTS pattern whose matches are drawn in colour. */
  readonly highlight?: string | undefined;
}

/** A text that RDKit cannot read as a molecule. */
export class InvalidSmilesError extends Error {}

/** A text that RDKit cannot read as a pattern. */
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
// RDKit answers {} instead of [] where nothing matches.
const Matches = z.union([z.array(Match), z.strictObject({}).transform(() => [])]);

/** Computes the descriptors of a molecule. */
export async function descriptors(smiles: string): Promise<MoleculeDescriptors> {
  return await withMolecule(smiles, (mol) => RdkitDescriptors.parse(JSON.parse(mol.get_descriptors())));
}

/** Finds every place where a SMARTS pattern matches, each as the atoms' indices in the pattern's order. */
export async function substructure(smiles: string, smarts: string): Promise<number[][]> {
  const matches = await withPattern(smarts, (pattern) =>
    withMolecule(smiles, (mol) => matchesOf(mol, pattern)),
  );
  return matches.map(({ atoms }) => atoms);
}

/** Draws a molecule's structural formula as an SVG document. */
export async function depict(smiles: string, { width, height, highlight }: Depiction): Promise<string> {
  if (highlight === undefined) return await withMolecule(smiles, (mol) => mol.get_svg(width, height));
  return await withPattern(highlight, (pattern) =>
    withMolecule(smiles, (mol) => {
      const matches = matchesOf(mol, pattern);
      const atoms = matches.flatMap((match) => match.atoms);
      const bonds = matches.flatMap((match) => match.bonds);
      return mol.get_svg_with_highlights(JSON.stringify({ width, height, atoms, bonds }));
    }),
  );
}

const matchesOf = (mol: Mol, pattern: Mol) => Matches.parse(JSON.parse(mol.get_substruct_matches(pattern)));

async function withMolecule<T>(smiles: string, use: (mol: Mol) => T): Promise<T> {
  const { module, log } = await rdkitOnce();
  const mol = parsed(smiles, log, (text) => module.get_mol(text));
  if (typeof mol === "string") throw new InvalidSmilesError(`invalid SMILES ${quoted(smiles)}: ${mol}`);
  return await usedUp(mol, use);
}

async function withPattern<T>(smarts: string, use: (pattern: Mol) => T | Promise<T>): Promise<T> {
  const { module, log } = await rdkitOnce();
  const pattern = parsed(smarts, log, (text) => module.get_qmol(text));
  if (typeof pattern === "string") {
    throw new InvalidSmartsError(`invalid SMARTS ${quoted(smarts)}: ${pattern}`);
  }
  return await usedUp(pattern, use);
}

/** WebAssembly memory is not garbage collected: what was parsed is deleted, whatever happens. */
async function usedUp<T>(mol: Mol, use: (mol: Mol) => T | Promise<T>): Promise<T> {
  try {
    return await use(mol);
  } finally {
    mol.delete();
  }
}

/** What a text stands for, or the reason why it stands for nothing. */
function parsed(text: string, log: Log | null, parse: (text: string) => Mol | null): Mol | string {
  // RDKit takes what follows a blank for a name, and an empty text for a molecule without atoms.
  if (text === "") return "it is empty";
  if (/\s/.test(text)) return "it has a blank in it";
  log?.clear_buffer();
  return parse(text) ?? reasonIn(log?.get_buffer() ?? "");
}

const quoted = (text: string) => JSON.stringify(text);

/** RDKit's log says the same thing in up to five lines, one of them a drawing of the position. */
function reasonIn(log: string): string {
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
  // Without the capture, RDKit's reason for refusing a molecule is lost.
  return { module, log: module.set_log_capture("rdApp.*") };
}

let loading: ReturnType<typeof load> | undefined;
const rdkitOnce = () => {
  loading ??= load();
  return loading;
};
