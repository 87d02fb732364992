import * as z from "zod";
import * as z3 from "zod/v3";
import { Extension, type ExtensionClass, type RunContext } from "../../sdk/extension/extension.ts";
import { file } from "../../sdk/files/file.ts";
import type { JobFile } from "../../sdk/files/job-file.ts";

interface Viewer {
  rotate(angle: number): Promise<void>;
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const expectTrue = <_ extends true>(): void => {};

export class Rotate extends Extension("modifiers", { angle: z.number().default(0) }) {
  static room = "lab";
  static result = z.object({ turned: z.number() });
  static defaults = { maxAttempts: 3 };

  async run(viewer: Viewer, { signal, progress }: RunContext) {
    expectTrue<Same<typeof this.angle, number>>();
    // @ts-expect-error a parameter is read-only
    this.angle = 3;
    // @ts-expect-error the parameter does not exist
    this.axis;
    progress(0.5, "half way");
    signal.throwIfAborted();
    await viewer.rotate(this.angle);
    return { turned: this.angle };
  }
}

new Rotate();
new Rotate({});
new Rotate({ angle: 90 });
// @ts-expect-error an angle is a number
new Rotate({ angle: "90" });

export class Ping extends Extension("tests") {
  run() {
    return "pong";
  }
}
new Ping();

export class Empty extends Extension("tests", {}) {
  async run(context: Viewer) {
    await context.rotate(1);
  }
}
new Empty();

export class Required extends Extension("tests", z.object({ name: z.string(), size: z.coerce.number() })) {
  run() {
    expectTrue<Same<typeof this.name, string>>();
    expectTrue<Same<typeof this.size, number>>();
  }
}
// @ts-expect-error name is required
new Required();
new Required({ name: "a", size: "12" });

export class ZodV3 extends Extension("tests", z3.z.object({ depth: z3.z.number().default(2) })) {
  run() {
    expectTrue<Same<typeof this.depth, number>>();
  }
}
new ZodV3();
new ZodV3({ depth: 3 });
// @ts-expect-error a depth is a number
new ZodV3({ depth: "3" });

// @ts-expect-error an extension needs a run method
export class Idle extends Extension("tests", { a: z.string() }) {}

// @ts-expect-error the base class is abstract
new (Extension("tests", {}))();

export const viewerExtensions: ExtensionClass<Viewer>[] = [Rotate, Ping, Empty, Required, ZodV3];
// @ts-expect-error Rotate needs a viewer as its context
export const extensionWithoutContext: ExtensionClass<undefined> = Rotate;

export class Render extends Extension("movies", { trajectory: file({ mediaTypes: ["chemical/*"] }) }) {
  async run() {
    expectTrue<Same<typeof this.trajectory, JobFile>>();
    expectTrue<Same<typeof this.trajectory.size, number>>();
    return { bytes: await this.trajectory.bytes() };
  }
}
new Render({ trajectory: file("md.xyz") });
new Render({ trajectory: "files/0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47" });
// @ts-expect-error a file is not a number
new Render({ trajectory: 7 });
