const prefix = "/api/calendar/admin/";

export interface RestAnswer {
  status: number;
  /** What the header Location says; null where there is none. */
  location: string | null;
  body: unknown;
}

/** Asks a route of the older service, by its path below their prefix. @throws Error where there is no answer */
export async function askRest(
  url: string,
  token: string,
  { method, path, headers = {} }: RestRequest,
): Promise<RestAnswer> {
  const response = await fetch(`${url}${prefix}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  return { status: response.status, location: response.headers.get("location"), body: await response.json() };
}

export interface RestRequest {
  method: "GET" | "POST";
  path: string;
  headers?: Readonly<Record<string, string>>;
}
