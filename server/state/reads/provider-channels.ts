import { type Event, getProviderChannel } from "../../../protocol/index.ts";
import type { EventBus, Unsubscribe } from "../../ports.ts";

const CLEANUP_INTERVAL_MS = 10_000;

interface Channel {
  readonly subscribed: Promise<Unsubscribe>;
  /** Time at which the subscription may end, in milliseconds of `performance.now()`. */
  until: number;
}

/**
 * The subscriptions to the event channels of providers. A subscription is kept as long as this
 * server needs the events of the provider: while it caches answers, while clients wait for answers,
 * and while workers wait for requests to the provider.
 */
export class ProviderChannels {
  readonly #channels = new Map<string, Channel>();
  readonly #bus: EventBus;
  readonly #onEvent: (providerId: string, event: Event | undefined) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(bus: EventBus, onEvent: (providerId: string, event: Event | undefined) => void) {
    this.#bus = bus;
    this.#onEvent = onEvent;
  }

  /**
   * Subscribes to the channel of a provider for at least `seconds`. Resolves when the subscription
   * is active, so that no later event is missed.
   */
  async watch(providerId: string, seconds: number): Promise<void> {
    const until = performance.now() + seconds * 1000;
    const existing = this.#channels.get(providerId);
    if (existing !== undefined) {
      existing.until = Math.max(existing.until, until);
      await existing.subscribed;
      return;
    }
    const subscribed = this.#bus.subscribe(getProviderChannel(providerId), (event) =>
      this.#onEvent(providerId, event),
    );
    this.#channels.set(providerId, { subscribed, until });
    this.#timer ??= setInterval(() => this.#removeExpired(), CLEANUP_INTERVAL_MS).unref();
    await subscribed;
  }

  close(): void {
    clearInterval(this.#timer);
    for (const [id, channel] of this.#channels) this.#remove(id, channel);
  }

  #removeExpired(): void {
    const now = performance.now();
    for (const [id, channel] of this.#channels) if (channel.until < now) this.#remove(id, channel);
    if (this.#channels.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #remove(id: string, { subscribed }: Channel): void {
    this.#channels.delete(id);
    // Reports that events of the provider are missed from now on. The listener then removes the
    // provider's cached answers, because this server would miss their invalidation.
    this.#onEvent(id, undefined);
    subscribed.then(
      (unsubscribe) => unsubscribe(),
      () => {},
    );
  }
}
