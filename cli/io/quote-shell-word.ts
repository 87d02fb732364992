const UNQUOTED = /^[\w@%+=:,./-]+$/;

/** Quotes a word for a POSIX shell if necessary. */
export function quoteShellWord(word: string): string {
  return UNQUOTED.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
