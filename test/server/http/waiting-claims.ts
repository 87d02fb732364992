import { vi } from "vitest";
import { WakeSignal } from "../../../server/use-cases/long-poll.ts";
import { WaitingClaim } from "../../../server/use-cases/waiting-claim.ts";
import { eventually } from "../../support/eventually.ts";

const waits = vi.spyOn(WakeSignal.prototype, "wait");

/**
 * Resolves once a claim of the worker has looked, found nothing and waits for a ring. That its sign of life can be
 * read is too early: the claim is written then, and its server does not wait yet.
 */
export const waitForWaitingClaim = (worker: string) =>
  eventually(
    () =>
      waits.mock.contexts.some(
        (bell) => bell instanceof WaitingClaim && bell.workerId === worker && bell.isAvailable,
      ),
    Boolean,
    { what: `a waiting claim of ${worker}` },
  );
