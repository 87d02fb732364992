import { parser } from "@prometheus-io/lezer-promql";

/** The metrics and labels of a PromQL expression. */
export interface ParsedExpression {
  readonly metrics: ReadonlySet<string>;
  /** Labels in matchers and groupings. */
  readonly labels: ReadonlySet<string>;
  /** Syntax errors with their positions. */
  readonly errors: readonly string[];
}

/** Replaces Grafana's variables by valid PromQL. */
const replaceVariables = (expression: string): string =>
  expression.replaceAll("$__rate_interval", "5m").replaceAll("$server", ".*");

/** Parses an expression with Prometheus's grammar. */
export const parseExpression = (expression: string): ParsedExpression => {
  const text = replaceVariables(expression);
  const metrics = new Set<string>();
  const labels = new Set<string>();
  const errors: string[] = [];
  const getText = ({ from, to }: { readonly from: number; readonly to: number }) => text.slice(from, to);
  parser.parse(text).iterate({
    enter: (node) => {
      if (node.type.isError) errors.push(`at ${node.from}: ${text.slice(node.from, node.from + 20)}`);
      if (node.name === "Identifier" && node.node.parent?.name === "VectorSelector")
        metrics.add(getText(node));
      if (node.name === "LabelName") labels.add(getText(node));
    },
  });
  return { metrics, labels, errors };
};
