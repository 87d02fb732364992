import type { MoleculeDescriptors } from "./rdkit.ts";

/** The limits of the rule of five for orally active drugs. */
export interface RuleOfFive {
  /** Maximum molecular weight in g/mol. */
  readonly maxWeight: number;
  readonly maxLogP: number;
  readonly maxDonors: number;
  readonly maxAcceptors: number;
}

/** Lipinski's original limits. Source: Adv. Drug Deliv. Rev. 23, 3 (1997). */
export const LIPINSKI: RuleOfFive = { maxWeight: 500, maxLogP: 5, maxDonors: 5, maxAcceptors: 10 };

/**
 * Returns the limits that a molecule exceeds. A molecule passes Lipinski's rule if it exceeds at
 * most one of them.
 */
export function violations(molecule: MoleculeDescriptors, rule: RuleOfFive = LIPINSKI): string[] {
  return [
    molecule.molecularWeight > rule.maxWeight ? "weight" : [],
    molecule.logP > rule.maxLogP ? "logP" : [],
    molecule.lipinskiDonors > rule.maxDonors ? "donors" : [],
    molecule.lipinskiAcceptors > rule.maxAcceptors ? "acceptors" : [],
  ].flat();
}
