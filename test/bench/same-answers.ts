import type { Load } from "./load.js";

interface Row {
  id?: unknown;
  /** PostGraphile's name of it. */
  rowId?: unknown;
}

interface Answer {
  data: Record<string, { nodes: Row[] }>;
}

/** Makes sure that those who are compared do the same. @throws Error when one's first page has other rows than the first one's, or none */
export async function haveSameRows(loads: Readonly<Record<string, Omit<Load, "seconds">>>): Promise<void> {
  let expected = "";
  for (const [name, load] of Object.entries(loads)) {
    const ids = (await firstPage(load)).map(({ id, rowId }) => String(id ?? rowId)).join();
    expected ||= ids;
    if (ids !== expected || ids === "") throw new Error(`${name} answers with other rows: ${ids}`);
  }
}

async function firstPage({ origin, requests: [request] }: Omit<Load, "seconds">): Promise<Row[]> {
  if (!request) throw new Error("there is nothing to ask");
  const { path, token, body } = request;
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const response = await fetch(origin + path, body === undefined ? { headers } : { method: "POST", headers, body });
  const { data } = (await response.json()) as Answer;
  return Object.values(data).flatMap(({ nodes }) => nodes);
}
