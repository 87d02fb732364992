/**
 * The members of an output stream that the CLI uses. Tests pass an object that collects the text.
 */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}
