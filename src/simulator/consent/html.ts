/** Markup, as opposed to text that has still to be escaped. */
export class Html {
  constructor(readonly markup: string) {}
}

type Part = string | Html | readonly Html[] | null;

/** A template of markup; what is put into it is escaped, except markup itself. Null stands for nothing. */
export function html(pieces: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(pieces.map((piece, index) => piece + markupOf(parts[index] ?? null)).join(""));
}

function markupOf(part: Part): string {
  if (part === null) return "";
  if (part instanceof Html) return part.markup;
  return typeof part === "string" ? escaped(part) : part.map(({ markup }) => markup).join("\n");
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
