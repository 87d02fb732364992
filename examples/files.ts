/**
 * Serves a directory of this machine and the frames of its trajectories (XYZ files):
 *
 *     npx joblib worker ./examples/files.ts --room lab
 *     npx joblib read private:files:Directory --room lab
 *     npx joblib read private:files:Frame path=caffeine.xyz index=0 --room lab
 *
 * The directory is JOBLIB_EXAMPLE_DIRECTORY, or the directory of this file.
 */
import { constants } from "node:fs";
import { type FileHandle, open, readdir, realpath } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { AnswerNotFoundError, Provider } from "joblib";
import * as z from "zod";

const MAX_ENTRIES = 10_000;
const MAX_ATOMS = 1_000_000;

/**
 * A directory whose files are served. Nothing outside it can be read, not even through a symbolic
 * link.
 */
export class ServedDirectory {
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  static async open(path: string): Promise<ServedDirectory> {
    return new ServedDirectory(await realpath(path));
  }

  /**
   * Returns the real path of a file or directory. Throws `AnswerNotFoundError` if it does not exist
   * or is outside.
   */
  async resolve(path: string): Promise<string> {
    const notFound = AnswerNotFoundError.create(`${path} not found.`);
    if (path.includes("\0") || isAbsolute(path)) throw notFound;
    const real = await realpath(resolve(this.#root, path)).catch(() => undefined);
    if (real === undefined) throw notFound;
    const inside = relative(this.#root, real);
    if (inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) throw notFound;
    return real;
  }

  /** Opens a regular file for reading. */
  async openFile(path: string): Promise<FileHandle> {
    // O_NOFOLLOW: the file must not be replaced by a symbolic link after its path was checked.
    const file = await open(await this.resolve(path), constants.O_RDONLY | constants.O_NOFOLLOW);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    throw AnswerNotFoundError.create(`${path} is not a file.`);
  }
}

export const context = () =>
  ServedDirectory.open(process.env["JOBLIB_EXAMPLE_DIRECTORY"] ?? import.meta.dirname);

export class Directory extends Provider(
  "files",
  { path: z.string().max(1000).default(".").describe("path of a directory, relative to the served one") },
  { ttlSeconds: 5, description: "Lists a directory" },
) {
  async read(directory: ServedDirectory) {
    const entries = await readdir(await directory.resolve(this.path), { withFileTypes: true }).catch(
      (error) => {
        throw error instanceof AnswerNotFoundError
          ? error
          : AnswerNotFoundError.create(`${this.path} is not a directory.`);
      },
    );
    return entries
      .slice(0, MAX_ENTRIES)
      .map((entry) => ({ name: entry.name, type: entry.isDirectory() ? "directory" : "file" }))
      .sort((a, b) => a.name.localeCompare(b.name));
  }
}

export class Download extends Provider(
  "files",
  { path: z.string().max(1000) },
  { contentType: "application/octet-stream", description: "Returns the content of a file" },
) {
  async read(directory: ServedDirectory) {
    return (await directory.openFile(this.path)).createReadStream();
  }
}

export class Frame extends Provider(
  "files",
  { path: z.string().max(1000).describe("path of an XYZ file"), index: z.int().min(0).default(0) },
  { contentType: "chemical/x-xyz", ttlSeconds: 60, description: "Returns one frame of a trajectory" },
) {
  async read(directory: ServedDirectory) {
    await using file = await directory.openFile(this.path);
    let [index, left, frame] = [-1, 0, ""];
    for await (const line of file.readLines({ autoClose: false })) {
      if (left === 0) {
        if (line.trim() === "") continue;
        const atoms = Number(line);
        if (!Number.isSafeInteger(atoms) || atoms < 0 || atoms > MAX_ATOMS)
          throw new Error(`${this.path} is not an XYZ file`);
        index += 1;
        left = atoms + 2;
      }
      if (index === this.index) frame += `${line}\n`;
      left -= 1;
      if (left === 0 && index === this.index) return frame;
    }
    throw AnswerNotFoundError.create(`${this.path} has no frame ${this.index}.`);
  }
}
