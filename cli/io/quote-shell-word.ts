const UNQUOTED = /^[\w@%+=:,./-]+$/;

/** Quotes a word for a POSIX shell if necessary. */
export const quoteShellWord = (word: string): string =>
  UNQUOTED.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
