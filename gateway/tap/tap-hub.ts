/** Who in this gateway gets copies of live reviews, from all processes that answer them. */
import type { TapEvent, TapOrder, TappedReview } from './tapped-review.ts';

/** Where reviews are answered. */
export interface TappedService {
  setTap(orders: readonly TapOrder[]): void;
  onTap(listener: (event: TapEvent) => void): void;
}

export interface TapConsumer {
  take(tapped: TappedReview): void;
  dropped(reason: string, count: number): void;
}

export class TapHub {
  readonly #service: TappedService;
  readonly #lines = new Map<string, { readonly order: TapOrder; readonly consumer: TapConsumer }>();
  #nextId = 1;

  constructor(service: TappedService) {
    this.#service = service;
    service.onTap((event) => this.#receive(event));
  }

  /** Has reviews copied to a consumer until the returned function is called. */
  open(order: Omit<TapOrder, 'id'>, consumer: TapConsumer): () => void {
    const id = String(this.#nextId++);
    this.#lines.set(id, { order: { ...order, id }, consumer });
    this.#tell();
    return () => {
      if (this.#lines.delete(id)) this.#tell();
    };
  }

  #tell(): void {
    this.#service.setTap([...this.#lines.values()].map(({ order }) => order));
  }

  #receive(event: TapEvent): void {
    if (event.kind === 'review') {
      for (const id of event.tapped.orders) this.#lines.get(id)?.consumer.take(event.tapped);
      return;
    }
    for (const { order, reason, count } of event.drops) this.#lines.get(order)?.consumer.dropped(reason, count);
  }
}
