import { writeFile } from "node:fs/promises";
import { CliError } from "../../../cli/io/errors.ts";
import { loadExtensions } from "../../../cli/worker/load-extensions.ts";

// Loads the extension file in the first argument and prints the result as JSON. The other arguments
// are pairs of a path and a content. For each pair, the program writes the content to the path and
// loads the extension file again.
const [file = "", ...replacements] = process.argv.slice(2);

const loadOnce = async () => {
  try {
    const { classes, context, files } = await loadExtensions(file);
    const results = classes
      .filter(({ name }) => name === "Say")
      .map((Class) => {
        const instance: { run: (...args: unknown[]) => unknown } = Reflect.construct(Class, [{}]);
        return instance.run();
      });
    return { classes: classes.map(({ name }) => name), context, files, results };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { message: error.message, exitCode: error.exitCode };
  }
};

const loads = [await loadOnce()];
for (let index = 0; index + 1 < replacements.length; index += 2) {
  await writeFile(replacements[index] ?? "", replacements[index + 1] ?? "");
  loads.push(await loadOnce());
}
process.stdout.write(JSON.stringify(loads));
