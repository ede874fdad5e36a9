import { renderGraphiQL } from "@graphql-yoga/render-graphiql";
import { exampleOperations } from "./example-operations.js";

export interface GraphiqlPage {
  /** Of the one inline script that the page runs. */
  nonce: string;
  /** The Content-Security-Policy under which the page works: nothing from anywhere else. */
  policy: string;
  html: string;
}

/** What the page's script is started with. */
interface PageOptions {
  title: string;
  endpoint: string;
  /** JSON text of the headers that every tab begins with. */
  headers?: string;
  defaultTabs: { query: string; variables?: string; headers?: string }[];
}

const render = renderGraphiQL as (options: PageOptions) => string;

/** Makes pages of GraphiQL with everything inlined. `token` is sent with every operation: for demonstration only. */
export function graphiqlPages(token: string | null): (nonce: string) => GraphiqlPage {
  const headers = token === null ? undefined : JSON.stringify({ Authorization: `Bearer ${token}` }, null, 2);
  const [head = "", ...rest] = render({
    title: "Calendar Sync Admin",
    endpoint: "/graphql",
    ...(headers === undefined ? {} : { headers }),
    defaultTabs: exampleOperations.map((query) => ({ query, ...(headers === undefined ? {} : { headers }) })),
  }).split("<script>");
  const tail = rest.join("<script>"); // only the page's own script tag gets the nonce, not texts within it
  return (nonce) => ({ nonce, policy: policyWith(nonce), html: `${head}<script nonce="${nonce}">${tail}` });
}

function policyWith(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' blob:`,
    "worker-src blob:",
    "style-src 'unsafe-inline'",
    "img-src data:",
    "font-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}
