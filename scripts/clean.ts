import { rmSync } from "node:fs";
import { join } from "node:path";

// Removes old build output, so that files that were deleted from the source are not published.
rmSync(join(import.meta.dirname, "..", "dist"), { recursive: true, force: true });
