import { describe, expect, test } from "vitest";
import { loadMolecules, parseMolecules } from "../../examples/molecules.ts";

describe("the molecule list", () => {
  test("the molecule list contains well-known drugs, each with its literature weight", async () => {
    const molecules = await loadMolecules(new URL("../../examples/molecules.smi", import.meta.url));

    const names = molecules.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["aspirin", "caffeine", "ibuprofen", "paracetamol"]));
    expect(molecules.filter(({ literatureWeight }) => literatureWeight === undefined)).toEqual([]);
  });
});

describe("a custom molecule list", () => {
  test("a custom molecule list may contain comments, empty lines and molecules without weights", () => {
    const molecules = parseMolecules("# custom\n\nCCO\tethanol\r\nO\theavy water\t20.03\n");

    expect(molecules).toEqual([
      { smiles: "CCO", name: "ethanol", literatureWeight: undefined },
      { smiles: "O", name: "heavy water", literatureWeight: 20.03 },
    ]);
  });

  test.for([
    ["# custom\nCCO ethanol", 'line 2: expected a SMILES and a tab first, got "CCO ethanol"'],
    ["CCO", 'line 1: expected a tab and a name after "CCO"'],
    ["CCO\tethanol\theavy", 'line 1: "heavy" is not a molecular weight in g/mol'],
    ["CCO\tethanol\t46.07\tmore", "line 1: expected at most 3 columns, got 4"],
    ["CCO\tethanol\n\nOCC\tethanol", 'line 3: "ethanol" is already on line 1'],
  ] as const)("the error for the molecule list %j contains the number of the invalid line", ([
    text,
    message,
  ]) => {
    expect(() => parseMolecules(text, "custom.smi")).toThrow(`custom.smi, ${message}`);
  });
});
