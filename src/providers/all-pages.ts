import { providerFailure } from "./failure.js";

const mostPages = 1_000;

/** A page of a list that is read to its end at once. */
interface ListPage<Item> {
  items: readonly Item[];
  nextPage: string | null;
}

/**
 * Reads a short list whole.
 * @throws ProviderFailure when it would never end, and whatever `read` throws
 */
export async function allPages<Item>(read: (page: string | null) => Promise<ListPage<Item>>): Promise<Item[]> {
  const items: Item[] = [];
  const asked = new Set<string | null>();
  let next: string | null = null;
  do {
    if (asked.has(next)) throw providerFailure("PAGE_TOKEN_REPEATED");
    if (asked.size >= mostPages) throw providerFailure("TOO_MANY_PAGES");
    asked.add(next);
    const page: ListPage<Item> = await read(next);
    items.push(...page.items);
    next = page.nextPage;
  } while (next !== null);
  return items;
}
