import { notFound } from "../errors.js";
import { parseId } from "../id.js";

/**
 * The id of what a mutation is about.
 * @throws AppError NOT_FOUND for what is no id, as for one that does not exist
 */
export function idArgument(text: string): string {
  const id = parseId(text);
  if (id === null) throw notFound();
  return id;
}
