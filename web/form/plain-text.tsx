import type { ReactNode } from "react";

/**
 * Renders its text unchanged. It replaces the Markdown renderer of react-jsonschema-form, which
 * adds 87 kB to the page. Titles and descriptions are shown as plain text, because they come from
 * untrusted schemas.
 */
export const Markdown = ({ children }: { readonly children?: ReactNode }) => children;

export default Markdown;
