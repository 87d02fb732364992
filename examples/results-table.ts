/** One molecule's line in the table of results. */
export interface Result {
  readonly name: string;
  /** In g/mol, as computed. */
  readonly weight: number;
  /** In g/mol, as the literature has it. */
  readonly literatureWeight: number | undefined;
  readonly logP: number;
  /** In Å². */
  readonly tpsa: number;
  /** The limits of the rule of five that the molecule exceeds. */
  readonly violations: readonly string[];
}

interface Column {
  readonly title: string;
  readonly width: number;
  readonly align: "left" | "right";
  readonly cell: (result: Result) => string;
}

// With six gaps of two, 100 columns. The verdict is cut off only where all four limits are exceeded.
const COLUMNS: readonly Column[] = [
  { title: "molecule", width: 20, align: "left", cell: ({ name }) => name },
  { title: "MW g/mol", width: 8, align: "right", cell: ({ weight }) => weight.toFixed(2) },
  { title: "literature", width: 10, align: "right", cell: (r) => r.literatureWeight?.toFixed(2) ?? "-" },
  { title: "delta", width: 6, align: "right", cell: delta },
  { title: "logP", width: 5, align: "right", cell: ({ logP }) => logP.toFixed(2) },
  { title: "TPSA Å²", width: 7, align: "right", cell: ({ tpsa }) => tpsa.toFixed(2) },
  { title: "rule of five", width: 32, align: "left", cell: verdict },
];

/** Renders results as plain text of at most 100 columns. */
export function renderResults(results: readonly Result[]): string {
  const line = (text: (column: Column) => string) =>
    COLUMNS.map((column) => padded(text(column), column))
      .join("  ")
      .trimEnd();
  return [
    line(({ title }) => title),
    line(({ width }) => "-".repeat(width)),
    ...results.map((result) => line(({ cell }) => cell(result))),
  ].join("\n");
}

function delta({ weight, literatureWeight }: Result): string {
  if (literatureWeight === undefined) return "-";
  // Of the weight as printed, so that the three columns agree with each other.
  const difference = (Number(weight.toFixed(2)) - literatureWeight).toFixed(2);
  if (Number(difference) === 0) return "0.00";
  return difference.startsWith("-") ? difference : `+${difference}`;
}

/** Lipinski's rule forgives one exceeded limit. */
function verdict({ violations }: Result): string {
  if (violations.length === 0) return "passes";
  return `${violations.length === 1 ? "passes but" : "fails"} ${violations.join(", ")}`;
}

function padded(text: string, { width, align }: Column): string {
  const cut = text.length > width ? `${text.slice(0, width - 1)}…` : text;
  return align === "left" ? cut.padEnd(width) : cut.padStart(width);
}
