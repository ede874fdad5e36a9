const special = /["\\]/g;

/**
 * The text of a PostgreSQL array, for a parameter with a cast (`${arrayText(titles)}::text[]`). pg makes the same of an array by itself, but
 * takes ten times as long, which counts where a page of thousands of events is written.
 */
export function arrayText(values: readonly (string | boolean | null)[]): string {
  return `{${values.map(elementText).join(",")}}`;
}

function elementText(value: string | boolean | null): string {
  if (typeof value !== "string") return String(value); // null is the array's NULL
  return `"${value.replace(special, "\\$&")}"`;
}
