/** The results of one molecule. */
export interface Result {
  readonly name: string;
  /** Computed molecular weight in g/mol. */
  readonly weight: number;
  /** Molecular weight in the literature, in g/mol. */
  readonly literatureWeight: number | undefined;
  readonly logP: number;
  /** Topological polar surface area in Å². */
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

// The widths add up to 100 characters, including six gaps of two characters. The last column is
// truncated only for molecules that exceed all four limits.
const COLUMNS: readonly Column[] = [
  { title: "molecule", width: 20, align: "left", cell: ({ name }) => name },
  { title: "MW g/mol", width: 8, align: "right", cell: ({ weight }) => weight.toFixed(2) },
  { title: "literature", width: 10, align: "right", cell: (r) => r.literatureWeight?.toFixed(2) ?? "-" },
  { title: "delta", width: 6, align: "right", cell: formatDelta },
  { title: "logP", width: 5, align: "right", cell: ({ logP }) => logP.toFixed(2) },
  { title: "TPSA Å²", width: 7, align: "right", cell: ({ tpsa }) => tpsa.toFixed(2) },
  { title: "rule of five", width: 32, align: "left", cell: formatRuleOfFive },
];

/** Renders results as plain text of at most 100 columns. */
export function renderResults(results: readonly Result[]): string {
  const line = (text: (column: Column) => string) =>
    COLUMNS.map((column) => pad(text(column), column))
      .join("  ")
      .trimEnd();
  return [
    line(({ title }) => title),
    line(({ width }) => "-".repeat(width)),
    ...results.map((result) => line(({ cell }) => cell(result))),
  ].join("\n");
}

function formatDelta({ weight, literatureWeight }: Result): string {
  if (literatureWeight === undefined) return "-";
  // Uses the printed weight instead of the exact one, so that the printed difference equals the
  // difference of the printed weights.
  const difference = (Number(weight.toFixed(2)) - literatureWeight).toFixed(2);
  if (Number(difference) === 0) return "0.00";
  return difference.startsWith("-") ? difference : `+${difference}`;
}

/** Formats the result of Lipinski's rule, which allows one exceeded limit. */
function formatRuleOfFive({ violations }: Result): string {
  if (violations.length === 0) return "passes";
  return `${violations.length === 1 ? "passes except" : "fails"} ${violations.join(", ")}`;
}

function pad(text: string, { width, align }: Column): string {
  const cut = text.length > width ? `${text.slice(0, width - 1)}…` : text;
  return align === "left" ? cut.padEnd(width) : cut.padStart(width);
}
