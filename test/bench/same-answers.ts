import type { Load } from "./load.js";

interface Row {
  id?: unknown;
  /** PostGraphile's name of it. */
  rowId?: unknown;
}

interface Page {
  totalCount: number;
  nodes: Row[];
}

/** Makes sure that those who are compared do the same. @throws Error when one's first page has other rows or another total than the first one's, or no rows */
export async function haveSameRows(loads: Readonly<Record<string, Omit<Load, "seconds">>>): Promise<void> {
  let expected = "";
  for (const [name, load] of Object.entries(loads)) {
    const { totalCount, nodes } = await firstPage(load);
    const answer = `${totalCount}: ${nodes.map(({ id, rowId }) => String(id ?? rowId)).join()}`;
    expected ||= answer;
    if (answer !== expected || nodes.length === 0)
      throw new Error(`${name} answers otherwise: ${answer}, not ${expected}`);
  }
}

async function firstPage({ origin, requests: [request] }: Omit<Load, "seconds">): Promise<Page> {
  if (!request) throw new Error("there is nothing to ask");
  const { path, token, body } = request;
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const response = await fetch(origin + path, body === undefined ? { headers } : { method: "POST", headers, body });
  const { data } = (await response.json()) as { data: Record<string, Page> };
  const [page] = Object.values(data);
  if (!page) throw new Error("there is no page in the answer");
  return page;
}
