import type { Plant } from "./plant.ts";

export const plants: readonly Plant[] = [];
