import { setTimeout as delay } from "node:timers/promises";
import { Extension, type RunContext } from "joblib";
import * as z from "zod";
import { Random } from "../../support/random.ts";

type Point = readonly [x: number, y: number, z: number];

const REPORTS = 20;

const getPairEnergy = (a: Point, b: Point): number => {
  const squared = (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;
  const sixth = 1 / Math.max(squared, 0.5) ** 3;
  return 4 * (sixth * sixth - sixth);
};

const getEnergy = (atoms: readonly Point[], index: number, at: Point): number =>
  atoms.reduce((sum, other, place) => (place === index ? sum : sum + getPairEnergy(at, other)), 0);

const getTotalEnergy = (atoms: readonly Point[]): number =>
  atoms.reduce((sum, atom, index) => sum + getEnergy(atoms, index, atom), 0) / 2;

const drawCurve = (energies: readonly number[]): string => {
  const top = Math.max(...energies);
  const low = Math.min(...energies);
  const points = energies.map(
    (energy, index) =>
      `${20 + (index * 400) / (energies.length - 1)},${20 + (140 * (top - energy)) / Math.max(1e-9, top - low)}`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="440" height="180" viewBox="0 0 440 180" font-family="sans-serif" font-size="11"><path d="M20 10V165H430" fill="none" stroke="#999"/><polyline points="${points.join(" ")}" fill="none" stroke="#2a3cb4" stroke-width="2"/><text x="26" y="18" fill="#666">${top.toFixed(1)} ε</text><text x="360" y="156" fill="#666">${low.toFixed(1)} ε</text></svg>`;
};

/** Cools a Lennard-Jones cluster by Metropolis' rule. */
export class Anneal extends Extension("simulation", {
  atoms: z.int().min(2).max(60).default(13).describe("Number of atoms in the cluster"),
  from: z.number().min(0.01).max(5).default(0.45).describe("Temperature at the start, in ε"),
  to: z.number().min(0.001).max(5).default(0.02).describe("Temperature at the end, in ε"),
  seed: z.int().min(0).max(100_000).default(1).describe("Seed of the random numbers"),
  pause: z.int().min(0).max(2000).default(100).describe("Milliseconds between two reports"),
}) {
  static description =
    "Cools a Lennard-Jones cluster slowly, so that it finds a shape of low energy. Energies are in ε, lengths in σ.";

  async run(_: unknown, { progress, log, signal }: RunContext) {
    const random = new Random(this.seed);
    const reach = 0.62 * Math.cbrt(this.atoms);
    const atoms: Point[] = Array.from({ length: this.atoms }, () => {
      const at = () => random.between(-reach, reach);
      return [at(), at(), at()];
    });
    const rows: { report: number; temperature: number; energy: number; accepted: number }[] = [];
    for (let report = 1; report <= REPORTS; report += 1) {
      const temperature = this.from * (this.to / this.from) ** ((report - 1) / (REPORTS - 1));
      const accepted = this.#sweep(atoms, temperature, random);
      const energy = Number(getTotalEnergy(atoms).toFixed(3));
      rows.push({ report, temperature: Number(temperature.toFixed(3)), energy, accepted });
      log.info({}, `T = ${temperature.toFixed(3)}  E = ${energy.toFixed(3)}`);
      progress(report / REPORTS, `T = ${temperature.toFixed(2)}`);
      await delay(this.pause, undefined, { signal });
    }
    const lowest = Math.min(...rows.map(({ energy }) => energy));
    return {
      lowest_energy: lowest,
      energy: drawCurve(rows.map(({ energy }) => energy)),
      reports: rows.slice(-6),
    };
  }

  #sweep(atoms: Point[], temperature: number, random: Random): number {
    const tries = 400 * atoms.length;
    let accepted = 0;
    for (let step = 0; step < tries; step += 1) {
      const index = random.integer(0, atoms.length - 1);
      const [x, y, z] = atoms[index] ?? [0, 0, 0];
      const move = () => random.between(-0.15, 0.15);
      const next: Point = [x + move(), y + move(), z + move()];
      const change = getEnergy(atoms, index, next) - getEnergy(atoms, index, [x, y, z]);
      if (change > 0 && !random.chance(Math.exp(-change / temperature))) continue;
      atoms[index] = next;
      accepted += 1;
    }
    return Math.round((accepted / tries) * 100);
  }
}
