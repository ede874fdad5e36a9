export interface GraphqlAnswer {
  data?: Record<string, unknown> | null;
  errors?: { message: string; extensions?: { code?: string } & Record<string, unknown> }[];
}

/** Asks a server's API with a token. The answer may be a refusal. @throws Error where there is no answer */
export async function askGraphql(url: string, token: string, query: string): Promise<GraphqlAnswer> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as GraphqlAnswer;
}
