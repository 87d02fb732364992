import { vi } from "vitest";
import { Bell } from "../../../server/use-cases/hold.ts";
import { ParkedClaim } from "../../../server/use-cases/parked-claim.ts";
import { eventually } from "../../support/eventually.ts";

const waits = vi.spyOn(Bell.prototype, "wait");

/**
 * Resolves once a claim of the worker has looked, found nothing and waits for a ring. That its sign of life can be
 * read is too early: the claim is written then, and its server does not wait yet.
 */
export const untilWaiting = (worker: string) =>
  eventually(
    () =>
      waits.mock.contexts.some(
        (bell) => bell instanceof ParkedClaim && bell.workerId === worker && bell.isFree,
      ),
    Boolean,
    { what: `a waiting claim of ${worker}` },
  );
