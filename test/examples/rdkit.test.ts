import { describe, expect, test } from "vitest";
import { LIPINSKI, violations } from "../../examples/lipinski.ts";
import { loadMolecules } from "../../examples/molecules.ts";
import { depict, descriptors, InvalidSmartsError, substructure } from "../../examples/rdkit.ts";

const ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O";
const LIST = new URL("../../examples/molecules.smi", import.meta.url);

describe("descriptors", () => {
  test("the descriptors of aspirin match RDKit's published values", async () => {
    const found = await descriptors(ASPIRIN);

    expect(found.molecularWeight).toBeCloseTo(180.16, 2);
    expect(found.logP).toBeCloseTo(1.31, 2);
    expect(found.tpsa).toBeCloseTo(63.6, 2);
    expect(found).toMatchObject({ hBondDonors: 1, hBondAcceptors: 3, rotatableBonds: 2, heavyAtoms: 13 });
  });

  test("the computed weight of every listed molecule matches the literature within 0.05 g/mol", async () => {
    const molecules = await loadMolecules(LIST);

    const wrong = [];
    for (const { name, smiles, literatureWeight } of molecules) {
      const { molecularWeight } = await descriptors(smiles);
      if (!(Math.abs(molecularWeight - (literatureWeight ?? 0)) <= 0.05))
        wrong.push({ name, molecularWeight });
    }

    expect(molecules.length).toBeGreaterThanOrEqual(60);
    expect(wrong).toEqual([]);
  });

  test.for([
    ["", "it is empty"],
    ["CC O", "it contains whitespace"],
    ["CC(", "syntax error around position 3"],
    ["C1CC", "unclosed ring"],
    ["C(C)(C)(C)(C)C", "Explicit valence for atom # 0 C, 5, is greater than permitted"],
  ] as const)("the error for the SMILES %j contains the reason", async ([smiles, reason]) => {
    await expect(descriptors(smiles)).rejects.toThrow(`invalid SMILES ${JSON.stringify(smiles)}: ${reason}`);
  });
});

describe("substructure", () => {
  test("substructure returns the atom indices of every match", async () => {
    const matches = await substructure(ASPIRIN, "C(=O)[OH]");

    expect(matches).toEqual([[10, 11, 12]]);
  });

  test("substructure returns no matches for a pattern that does not occur", async () => {
    expect(await substructure(ASPIRIN, "[#7]")).toEqual([]);
  });

  test("substructure throws InvalidSmartsError for an invalid pattern, even if the molecule is invalid too", async () => {
    await expect(substructure("not a molecule", "[#6")).rejects.toThrow(InvalidSmartsError);
  });
});

describe("depiction", () => {
  test("a depiction is an SVG document of the requested size", async () => {
    const svg = await depict(ASPIRIN, { width: 320, height: 240 });

    expect(svg).toMatch(/^<\?xml [^>]*\?>\s*<svg [^>]*width='320px' height='240px'/);
    expect(svg.trim()).toMatch(/<\/svg>$/);
  });

  test("a depiction draws a highlighted pattern in colour", async () => {
    const size = { width: 320, height: 240 };

    const marked = await depict(ASPIRIN, { ...size, highlight: "C(=O)[OH]" });
    const unmarked = await depict(ASPIRIN, { ...size, highlight: "[#7]" });

    expect(marked).toContain("#FF7F7F");
    expect(unmarked).not.toContain("#FF7F7F");
  });
});

describe("the rule of five", () => {
  test("the rule of five lists the exceeded limits and allows values equal to a limit", async () => {
    const aspirin = await descriptors(ASPIRIN);
    const limit = { ...LIPINSKI, maxDonors: 1, maxAcceptors: 3 };

    expect(violations(aspirin)).toEqual([]);
    expect(violations(aspirin, limit)).toEqual(["acceptors"]);
    expect(violations({ ...aspirin, molecularWeight: 500.1, logP: 5.1 })).toEqual(["weight", "logP"]);
  });
});
