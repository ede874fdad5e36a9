import { Client } from "@microsoft/microsoft-graph-client";

/**
 * Run by a test as a process of its own, because trusted certificates are read at the start: the official client as it comes, over
 * https. Prints what it got as one line of JSON. Arguments: the address, an access token, the window.
 */

const [url = "", accessToken = "", from = "", to = ""] = process.argv.slice(2);
const client = Client.init({
  authProvider: (done) => {
    done(null, accessToken);
  },
  baseUrl: `${url}/`,
  customHosts: new Set([new URL(url).hostname]),
});

interface Page {
  value: { id: string }[];
  "@odata.nextLink"?: string;
  "@odata.deltaLink"?: string;
}

const ids: string[] = [];
let link: string | undefined = `/me/calendarView/delta?startDateTime=${from}&endDateTime=${to}`;
let deltaLink = "";
let pages = 0;
while (link !== undefined) {
  const page = (await client.api(link).header("Prefer", "odata.maxpagesize=2").get()) as Page;
  ids.push(...page.value.map(({ id }) => id));
  link = page["@odata.nextLink"];
  deltaLink = page["@odata.deltaLink"] ?? "";
  pages += 1;
}
const later = (await client.api(deltaLink).get()) as Page;
const { mail } = (await client.api("/me").select("mail").get()) as { mail: string };
process.stdout.write(`${JSON.stringify({ mail, pages, ids, later: later.value.length, deltaLink })}\n`);
