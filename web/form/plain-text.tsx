import type { ReactNode } from "react";

/**
 * Replaces the Markdown renderer of react-jsonschema-form (87 kB). Titles and descriptions come from untrusted schemas, so
 * they are shown as plain text.
 */
export const Markdown = ({ children }: { readonly children?: ReactNode }) => children;

export default Markdown;
