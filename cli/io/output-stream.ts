/** The part of a stream that the CLI uses: `process.stdout`, or a test's array of chunks. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}
