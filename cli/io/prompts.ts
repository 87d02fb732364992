import type { Readable, Writable } from "node:stream";
import { type CANCEL_SYMBOL, isCancel, type Option, select, text } from "@clack/prompts";
import { InterruptedError } from "./errors.ts";

/** A question that is answered with a line of text. */
export interface TextQuestion {
  readonly message: string;
  readonly hint: string;
  /** Returns the error of an answer; undefined if it is valid. */
  readonly validate: (answer: string) => string | undefined;
}

/** Asks the user on the terminal. If the user cancels a question, the command ends. */
export interface Prompts {
  text(question: TextQuestion): Promise<string>;
  /** Returns the index of the selected choice. */
  choose(message: string, choices: readonly string[]): Promise<number>;
}

function requireAnswer<Value>(answer: Value | typeof CANCEL_SYMBOL): Value {
  if (isCancel(answer)) throw new InterruptedError();
  return answer;
}

/**
 * Creates prompts that read from stdin and print to stderr, because stdout is reserved for the
 * result.
 */
export function createPrompts(input: Readable, output: Writable): Prompts {
  return {
    text: async ({ message, hint, validate }) =>
      requireAnswer(
        await text({
          input,
          output,
          message,
          ...(hint !== "" && { placeholder: hint }),
          validate: (answer) => validate(answer ?? ""),
        }),
      ),

    async choose(message, choices) {
      const options = choices.map((label, value): Option<number> => ({ value, label }));
      return requireAnswer(await select({ input, output, message, options }));
    },
  };
}
