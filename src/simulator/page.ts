import type { Scenario } from "./scenario.js";
import type { WalkPosition } from "./walk.js";

/** Where a page of a list starts. */
export interface PageStart extends WalkPosition {
  /** The list's change number when its first page was asked for. */
  until: number;
  page: number;
}

/** The start that a page token holds. */
export function pageStartOf({ place, after, until, page }: PageStart): PageStart {
  return { place, ...(after === undefined ? {} : { after }), until, page };
}

export interface ListedItem<T> {
  item: T;
  /** Where the list goes on after it. */
  next: WalkPosition;
}

export interface Page<T> {
  items: T[];
  /** Null on the last page. */
  next: PageStart | null;
}

/** Cuts a page out of a list, in the shape that the scenario asks for. */
export function takePage<T>(
  listed: Iterable<ListedItem<T>>,
  size: number,
  start: PageStart,
  scenario: Scenario,
): Page<T> {
  const after = (position: WalkPosition): PageStart => ({ ...position, until: start.until, page: start.page + 1 });
  if (scenario.pages === "empty" && start.page % 2 === 0) return { items: [], next: after(start) };
  const page = cut(listed, scenario.pages === "short" ? Math.ceil(size / 2) : size, scenario.hasDuplicates);
  if (scenario.pages === "repeated" && start.page > 0) return { items: page.items, next: start };
  if (page.next) return { items: page.items, next: after(page.next) };
  if (scenario.pages === "endless") return { items: page.items, next: after(page.end ?? start) };
  return { items: page.items, next: null };
}

interface Cut<T> {
  items: T[];
  next: WalkPosition | null;
  end: WalkPosition | null;
}

function cut<T>(listed: Iterable<ListedItem<T>>, size: number, isLastRepeated: boolean): Cut<T> {
  const items: T[] = [];
  let end: WalkPosition | null = null;
  let beforeEnd: WalkPosition | null = null;
  for (const { item, next } of listed) {
    if (items.length === size) return { items, next: isLastRepeated && beforeEnd ? beforeEnd : end, end };
    items.push(item);
    beforeEnd = end;
    end = next;
  }
  return { items, next: null, end };
}
