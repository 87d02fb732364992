import type { Readable, Writable } from "node:stream";
import { type CANCEL_SYMBOL, isCancel, type Option, select, text } from "@clack/prompts";
import { InterruptedError } from "./errors.ts";

/** What is asked of a person in one line. */
export interface TextQuestion {
  readonly message: string;
  readonly hint: string;
  /** Why an answer will not do; undefined where it will. */
  readonly refuse: (answer: string) => string | undefined;
}

/** Asks the person at the terminal; going away from a question ends the command. */
export interface Prompts {
  text(question: TextQuestion): Promise<string>;
  /** The place of the choice that was taken. */
  choose(message: string, choices: readonly string[]): Promise<number>;
}

const answered = <Value>(answer: Value | typeof CANCEL_SYMBOL): Value => {
  if (isCancel(answer)) throw new InterruptedError();
  return answer;
};

/** Prompts over these streams: answers come from stdin, and stdout stays the result's. */
export const createPrompts = (input: Readable, output: Writable): Prompts => ({
  text: async ({ message, hint, refuse }) =>
    answered(
      await text({
        input,
        output,
        message,
        ...(hint !== "" && { placeholder: hint }),
        validate: (answer) => refuse(answer ?? ""),
      }),
    ),

  async choose(message, choices) {
    const options = choices.map((label, value): Option<number> => ({ value, label }));
    return answered(await select({ input, output, message, options }));
  },
});
