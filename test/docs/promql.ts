import { parser } from "@prometheus-io/lezer-promql";

/** What a PromQL expression reads, and by which labels. */
export interface Reading {
  readonly metrics: ReadonlySet<string>;
  /** Named by a matcher or a grouping. */
  readonly labels: ReadonlySet<string>;
  /** Where it cannot be parsed. */
  readonly errors: readonly string[];
}

/** Grafana's variables, as something that parses. */
const withoutVariables = (expression: string): string =>
  expression.replaceAll("$__rate_interval", "5m").replaceAll("$server", ".*");

/** Reads an expression by Prometheus's own grammar. */
export const readingOf = (expression: string): Reading => {
  const text = withoutVariables(expression);
  const metrics = new Set<string>();
  const labels = new Set<string>();
  const errors: string[] = [];
  const textOf = ({ from, to }: { readonly from: number; readonly to: number }) => text.slice(from, to);
  parser.parse(text).iterate({
    enter: (node) => {
      if (node.type.isError) errors.push(`at ${node.from}: ${text.slice(node.from, node.from + 20)}`);
      if (node.name === "Identifier" && node.node.parent?.name === "VectorSelector")
        metrics.add(textOf(node));
      if (node.name === "LabelName") labels.add(textOf(node));
    },
  });
  return { metrics, labels, errors };
};
