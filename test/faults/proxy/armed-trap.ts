import type { Trap, TrapHandle } from "./connection-faults.ts";

/**
 * A trap that is active in a proxy. The proxy forwards the first request that matches and drops its
 * response. Later requests are not affected.
 */
export interface ArmedTrap extends TrapHandle {
  readonly action: Trap["action"];
  /** Returns true for the first request that matches, and false for every other request. */
  matchesFirst(request: string): boolean;
  trigger(): void;
}

/** Activates a trap. Calls `onRemoved` when the trap is removed or has triggered. */
export const armTrap = (trap: Trap, onRemoved: (trap: ArmedTrap) => void): ArmedTrap => {
  const triggered = Promise.withResolvers<void>();
  let hasMatched = false;
  const armed: ArmedTrap = {
    action: trap.action,
    triggered: triggered.promise,
    matchesFirst(request) {
      if (hasMatched || !trap.request.test(request)) return false;
      hasMatched = true;
      return true;
    },
    trigger() {
      onRemoved(armed);
      triggered.resolve();
    },
    remove: () => onRemoved(armed),
  };
  return armed;
};
