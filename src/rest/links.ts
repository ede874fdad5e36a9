/** An absolute URL with one value of a parameter; the others are kept. Parameters are sorted by name, as Django REST Framework does. */
export function withParameter(url: string, name: string, value: string): string {
  return changed(url, (parameters) => parameters.set(name, [value]));
}

export function withoutParameter(url: string, name: string): string {
  return changed(url, (parameters) => parameters.delete(name));
}

function changed(url: string, change: (parameters: Map<string, string[]>) => unknown): string {
  const [address, query] = splitQuery(url);
  const parameters = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(query)) {
    const values = parameters.get(name);
    if (values) values.push(value);
    else parameters.set(name, [value]);
  }
  change(parameters);
  const pairs = [...parameters].sort(([one], [other]) => (one < other ? -1 : 1));
  const text = pairs.flatMap(([name, values]) => values.map((value) => `${quote(name)}=${quote(value)}`)).join("&");
  return text === "" ? address : `${address}?${text}`;
}

/** The address, and the query without its question mark. */
export function splitQuery(url: string): [address: string, query: string] {
  const mark = url.indexOf("?");
  return mark === -1 ? [url, ""] : [url.slice(0, mark), url.slice(mark + 1)];
}

/** As Python's quote_plus. */
function quote(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}
