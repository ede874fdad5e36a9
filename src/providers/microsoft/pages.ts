import { z } from "zod";
import { listedItemOf, type ListedItem } from "./events.js";

/** A page of any list of events. Links are paths. */
export interface ListedPage {
  items: ListedItem[];
  nextPath: string | null;
  /** Where the next round begins; only on the last page of a change round. */
  deltaPath: string | null;
}

const link = z.string().min(1).nullish();
const page = z.object({
  value: z.array(z.unknown()),
  "@odata.nextLink": link,
  "@odata.deltaLink": link,
});

/**
 * Reads a page of a list. Null where it is none, or leads where it should not; a broken event is skipped and the page goes on.
 * @param pathOf the path of a link that may be followed, else null
 */
export function listedPageOf(answer: unknown, pathOf: (link: string) => string | null): ListedPage | null {
  const parsed = page.safeParse(answer);
  if (!parsed.success) return null;
  const { value, "@odata.nextLink": nextLink, "@odata.deltaLink": deltaLink } = parsed.data;
  const nextPath = nextLink == null ? null : pathOf(nextLink);
  const deltaPath = deltaLink == null ? null : pathOf(deltaLink);
  const isBroken = (nextLink != null && nextPath === null) || (deltaLink != null && deltaPath === null);
  return isBroken ? null : { items: value.map(listedItemOf), nextPath, deltaPath };
}

/** A page of a change round leads either to the next one or to a later round: without both it would be lost. */
export function isRoundPage({ nextPath, deltaPath }: ListedPage): boolean {
  return (nextPath === null) !== (deltaPath === null);
}
