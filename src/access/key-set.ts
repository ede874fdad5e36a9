import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";

/** What a key server can do to us at most. Durations in milliseconds. */
export interface KeySetLimits {
  /** Of one fetch, body included. */
  timeoutMs: number;
  /** Between two fetches, whatever tokens ask for and whatever came of the first. */
  coolDownMs: number;
  /** The same while there are no keys at all: the sooner there are, the better. */
  firstCoolDownMs: number;
  /** A set so old is fetched anew, so that a key that has been taken out is no longer good. */
  refreshAfterMs: number;
  /** A set so old is not used any more, if no newer one can be had. */
  keepMs: number;
  /** Of the set's JSON. */
  mostBytes: number;
  mostKeys: number;
}

export const keySetLimits: KeySetLimits = {
  timeoutMs: 3000,
  coolDownMs: 30_000,
  firstCoolDownMs: 1000,
  refreshAfterMs: 600_000,
  keepMs: 86_400_000,
  mostBytes: 262_144,
  mostKeys: 100,
};

/** The key set cannot be had, or is not what it must be. Says nothing about a token. */
export class KeySetError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "KeySetError";
  }
}

type LocalKeySet = ReturnType<typeof createLocalJWKSet>;

/**
 * The keys of an address. A key that the set lacks has it fetched again, once a cool-down; while that fails, or brings what is no
 * key set, the keys that are held stay good for a day. `onFault` is told of each fetch that failed.
 */
export class RemoteKeySet {
  #keys: { set: LocalKeySet; fetchedAt: number } | null = null;
  #triedAt = -Infinity;
  #fault: KeySetError | null = null;
  #fetching: Promise<void> | null = null;

  constructor(
    private readonly url: string,
    private readonly onFault: (fault: KeySetError) => void,
    private readonly limits: KeySetLimits = keySetLimits,
  ) {}

  /** For jose: the key of a token's header. @throws KeySetError where nobody knows; JOSEError where the set has no such key */
  readonly keyOf: JWTVerifyGetKey = async (header, token) => {
    if (this.#age() >= this.limits.refreshAfterMs) await this.#fetch();
    const held = this.#held();
    try {
      return await held(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.#fetch();
      if (this.#fault) throw this.#fault;
      if (this.#held() === held) throw error;
      return await this.#held()(header, token);
    }
  };

  /** Infinite without keys. */
  #age(): number {
    return this.#keys ? performance.now() - this.#keys.fetchedAt : Infinity;
  }

  #held(): LocalKeySet {
    if (this.#keys && this.#age() < this.limits.keepMs) return this.#keys.set;
    throw this.#fault ?? new KeySetError("There are no keys to verify with");
  }

  /** Joins a fetch under way; begins none before the cool-down is over. */
  async #fetch(): Promise<void> {
    const { coolDownMs, firstCoolDownMs } = this.limits;
    const isCooling = performance.now() - this.#triedAt < (this.#keys ? coolDownMs : firstCoolDownMs);
    if (!this.#fetching && isCooling) return;
    this.#fetching ??= this.#replaceKeys().finally(() => (this.#fetching = null));
    await this.#fetching;
  }

  async #replaceKeys(): Promise<void> {
    this.#triedAt = performance.now();
    try {
      const set = await fetchKeySet(this.url, this.limits);
      this.#keys = { set, fetchedAt: performance.now() };
      this.#fault = null;
    } catch (error) {
      this.#fault = error instanceof KeySetError ? error : new KeySetError("It cannot be reached", { cause: error });
      this.onFault(this.#fault);
    }
  }
}

async function fetchKeySet(url: string, { timeoutMs, mostBytes, mostKeys }: KeySetLimits): Promise<LocalKeySet> {
  const response = await fetch(url, {
    headers: { accept: "application/json, application/jwk-set+json" },
    redirect: "manual",
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new KeySetError(`It answers ${response.status}`);
  }
  return keySetOf(await textOf(response, mostBytes), mostKeys);
}

/** Reads no further than so many bytes, whatever the headers promise. */
async function textOf(response: Response, mostBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > mostBytes) throw new KeySetError(`It answers with more than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function keySetOf(text: string, mostKeys: number): LocalKeySet {
  try {
    const json = JSON.parse(text) as JSONWebKeySet;
    const set = createLocalJWKSet(json);
    if (json.keys.length <= mostKeys) return set;
  } catch (error) {
    throw new KeySetError("It answers with what is no key set", { cause: error });
  }
  throw new KeySetError(`It answers with more than ${mostKeys} keys`);
}
