import { rmSync } from "node:fs";
import { join } from "node:path";

// A file that was removed from the source must not live on in what is published.
rmSync(join(import.meta.dirname, "..", "dist"), { recursive: true, force: true });
