/** Who is told of a calendar's changes: Google's channels and Graph's subscriptions. */

interface Watched {
  id: string;
  account: string;
  /** The incarnation of the calendar. */
  calendar: string;
  /** Where notifications go. */
  address: string;
  /** Milliseconds since 1970; nothing is told afterwards. */
  expiresAt: number;
  /** Changes up to this number have been told. */
  toldSeq: number;
  /** Events up to this position were there when the last change was told. */
  toldPosition: number;
  /** How many notifications there were, lost ones included. */
  messages: number;
}

export interface Channel extends Watched {
  kind: "channel";
  token: string | null;
  resourceId: string;
  resourceUri: string;
}

export interface Subscription extends Watched {
  kind: "subscription";
  changeTypes: readonly string[];
  /** As the client wrote it. */
  resource: string;
  clientState: string | null;
  lifecycleAddress: string | null;
}

export type Watch = Channel | Subscription;

/** All that are in force, by id; expired ones leave when they are looked at. */
export class Subscriptions {
  readonly #all = new Map<string, Watch>();
  #revision = 0;

  constructor(private readonly now: () => number) {}

  /** Rises with every change that a stored state has to know. */
  get revision(): number {
    return this.#revision;
  }

  add(watch: Watch): void {
    this.#all.set(watch.id, watch);
    this.#revision += 1;
  }

  find(id: string): Watch | undefined {
    this.#dropExpired();
    return this.#all.get(id);
  }

  all(): Watch[] {
    this.#dropExpired();
    return [...this.#all.values()];
  }

  remove(id: string): void {
    if (this.#all.delete(id)) this.#revision += 1;
  }

  /** What a watch says of itself has changed. */
  touch(): void {
    this.#revision += 1;
  }

  restore(watches: readonly Watch[]): void {
    for (const watch of watches) this.#all.set(watch.id, watch);
  }

  clear(): void {
    this.#all.clear();
    this.#revision += 1;
  }

  #dropExpired(): void {
    for (const [id, { expiresAt }] of this.#all) if (expiresAt <= this.now()) this.remove(id);
  }
}
