import type { SetTrap, Trap } from "./link-program.ts";

/** A trap that a proxy has set; it springs once. */
export interface ArmedTrap extends SetTrap {
  readonly fate: Trap["fate"];
  /** True for its request, once. */
  takes(request: string): boolean;
  spring(): void;
}

/** Sets a trap; `removed` is told when it is taken away. */
export const armTrap = (trap: Trap, removed: (trap: ArmedTrap) => void): ArmedTrap => {
  const sprung = Promise.withResolvers<void>();
  let isTaken = false;
  const armed: ArmedTrap = {
    fate: trap.fate,
    sprung: sprung.promise,
    takes(request) {
      if (isTaken || !trap.request.test(request)) return false;
      isTaken = true;
      return true;
    },
    spring() {
      removed(armed);
      sprung.resolve();
    },
    remove: () => removed(armed),
  };
  return armed;
};
