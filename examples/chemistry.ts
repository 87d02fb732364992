import { setImmediate } from "node:timers/promises";
import { Extension, type RunContext } from "joblib";
import * as z from "zod";
import { violations } from "./lipinski.ts";
import { depict, descriptors, InvalidSmilesError, substructure } from "./rdkit.ts";
import { AXES, formatXyz, loadStructure, rotate, type Structure } from "./xyz.ts";

const Smiles = z.string().min(1).max(2000);
const Smarts = z.string().min(1).max(2000);
const Molecule = z.object({
  name: z.string().min(1).max(200).describe("Name of the molecule in the results"),
  smiles: Smiles.describe("The molecule as SMILES"),
});
type Molecule = z.infer<typeof Molecule>;
const Molecules = z.array(Molecule).min(1).max(1000);

/** Loads the structure that is passed to `run`. Called once, when the worker starts. */
export const context = (): Promise<Structure> =>
  loadStructure(process.env["JOBLIB_EXAMPLE_XYZ"] ?? new URL("caffeine.xyz", import.meta.url));

/** Computes the weight, lipophilicity, polar surface and counts of a molecule. */
export class Descriptors extends Extension("chemistry", {
  smiles: Smiles.describe("The molecule as SMILES, for example CC(=O)Oc1ccccc1C(=O)O"),
}) {
  static description =
    "Compute the molecular weight, logP, polar surface and counts of a molecule, and list the Lipinski limits that it exceeds.";

  async run() {
    const found = await descriptors(this.smiles);
    return {
      molecular_weight: round(found.molecularWeight),
      logp: round(found.logP),
      tpsa: round(found.tpsa),
      h_bond_donors: found.hBondDonors,
      h_bond_acceptors: found.hBondAcceptors,
      rotatable_bonds: found.rotatableBonds,
      rings: found.rings,
      aromatic_rings: found.aromaticRings,
      heavy_atoms: found.heavyAtoms,
      fraction_csp3: round(found.fractionCsp3),
      lipinski_violations: violations(found),
    };
  }
}

/** Finds the molecules that contain a pattern. */
export class Substructure extends Extension("chemistry", {
  smarts: Smarts.describe("The pattern as SMARTS, for example C(=O)[OH] for a carboxylic acid"),
  molecules: Molecules.describe("The molecules to search, at most 1000"),
}) {
  static description = "Search molecules for a pattern and return the matching atoms.";

  async run(_vis: Structure | undefined, run: RunContext) {
    const { results, unreadable } = await forEachMolecule(this.molecules, run, async ({ name, smiles }) => ({
      name,
      atoms: await substructure(smiles, this.smarts),
    }));
    const matches = results.filter(({ atoms }) => atoms.length > 0);
    return { matching: matches.map(({ name }) => name), matches, unreadable };
  }
}

/** Draws the structural formula of a molecule. */
export class Depict extends Extension("chemistry", {
  smiles: Smiles.describe("The molecule as SMILES"),
  width: z.int().min(50).max(2000).default(300).describe("Width of the picture in pixels"),
  height: z.int().min(50).max(2000).default(200).describe("Height of the picture in pixels"),
  highlight: Smarts.optional().describe("A SMARTS pattern whose matches are drawn in colour"),
}) {
  static description = "Draw the structural formula of a molecule as SVG.";

  async run() {
    const { width, height, highlight } = this;
    return { svg: await depict(this.smiles, { width, height, highlight }) };
  }
}

/** Applies Lipinski's rule of five to a list of molecules. */
export class Screen extends Extension("chemistry", {
  molecules: Molecules.describe("The molecules to screen, at most 1000"),
  max_weight: z.number().positive().default(500).describe("Maximum molecular weight in g/mol"),
  max_logp: z.number().default(5).describe("Maximum octanol-water partition coefficient, as logP"),
  max_donors: z.int().min(0).default(5).describe("Maximum number of hydrogens on nitrogen and oxygen"),
  max_acceptors: z.int().min(0).default(10).describe("Maximum number of nitrogens and oxygens"),
  max_violations: z.int().min(0).max(4).default(1).describe("Number of limits that a molecule may exceed"),
}) {
  static description =
    "Screen molecules with Lipinski's rule of five, which estimates whether a drug is absorbed when it is swallowed.";

  async run(_vis: Structure | undefined, run: RunContext) {
    const rule = {
      maxWeight: this.max_weight,
      maxLogP: this.max_logp,
      maxDonors: this.max_donors,
      maxAcceptors: this.max_acceptors,
    };
    const { results, unreadable } = await forEachMolecule(this.molecules, run, async ({ name, smiles }) => {
      const found = await descriptors(smiles);
      const exceeded = violations(found, rule);
      return {
        name,
        passes: exceeded.length <= this.max_violations,
        violations: exceeded,
        molecular_weight: round(found.molecularWeight),
        logp: round(found.logP),
        tpsa: round(found.tpsa),
      };
    });
    return { passed: results.filter(({ passes }) => passes).length, results, unreadable };
  }
}

/** Rotates the loaded structure about an axis through its centre. */
export class Rotate extends Extension("modifiers", {
  angle: z.number().default(0).describe("Angle in degrees, counter-clockwise seen from the axis' tip"),
  axis: z.enum(AXES).default("z").describe("The coordinate axis of the rotation"),
}) {
  static description = "Rotate the structure that the worker has loaded and return its new coordinates.";

  async run(vis: Structure | undefined) {
    if (vis === undefined) throw new Error("Rotate needs a structure. Export a context that loads one.");
    vis.atoms = rotate(vis.atoms, this.axis, this.angle);
    return { atoms: vis.atoms.length, xyz: formatXyz(vis) };
  }
}

/**
 * Calls `work` for each molecule. If a molecule cannot be read, reports the error and continues
 * with the next molecule.
 */
async function forEachMolecule<T>(
  molecules: readonly Molecule[],
  { signal, progress }: RunContext,
  work: (molecule: Molecule) => Promise<T>,
) {
  const results: T[] = [];
  const unreadable: { name: string; reason: string }[] = [];
  for (const [index, molecule] of molecules.entries()) {
    // RDKit blocks the event loop while it computes. This pause lets the worker process messages
    // from the server, such as a cancellation.
    await setImmediate();
    signal.throwIfAborted();
    try {
      results.push(await work(molecule));
    } catch (error) {
      if (!(error instanceof InvalidSmilesError)) throw error;
      unreadable.push({ name: molecule.name, reason: error.message });
    }
    progress((index + 1) / molecules.length, molecule.name);
  }
  return { results, unreadable };
}

/** Rounds a number to four decimals. The computed descriptors are less accurate than that. */
const round = (value: number) => Number(value.toFixed(4));
