import type { Choice } from "./choose-calendar.js";
import { escaped, page } from "./html.js";
import { refusals, type RefusalCode } from "./refusals.js";

/** The account's calendars, of which one is chosen. `refused` is why the one before was not. */
export function choicePage(choice: Choice, refused: RefusalCode | null): string {
  const { account, calendars, returnUrl } = choice;
  const intro = `<p>${escaped(account)} has let this server in.</p>`;
  if (!calendars.some(isFree)) {
    const all = "<p>Every calendar of this account is connected already. Nothing was changed.</p>";
    return page("Already connected", `${intro}\n${all}\n${back(returnUrl)}`);
  }
  const alert =
    refused === null ? "" : `<p role="alert">${escaped(refusals[refused].title)}. Choose another one.</p>\n`;
  return page("Choose a calendar", `${alert}${intro}\n${form(choice)}`);
}

export function hasFreeCalendar({ calendars }: Choice): boolean {
  return calendars.some(isFree);
}

export function connectedPage(connectionId: string): string {
  const text = "<p>It is synced from now on. You may close this page.</p>";
  return page("The calendar is connected", `${text}\n<p>Connection ${escaped(connectionId)}</p>`);
}

export function refusalPage(code: RefusalCode, { returnUrl, requestId }: Refused): string {
  const { title, text } = refusals[code];
  const reference = requestId === null ? "" : `\n<p>Reference: ${escaped(requestId)}</p>`;
  return page(title, `<p role="alert">${escaped(text)}</p>${reference}\n${back(returnUrl)}`);
}

interface Refused {
  returnUrl: string | null;
  /** By which the log tells more; null where there is no more. */
  requestId: string | null;
}

type Offered = Choice["calendars"][number];

function isFree({ status }: Offered): boolean {
  return status === null || status === "REVOKED";
}

function form({ consentId, token, calendars }: Choice): string {
  const preselected = calendars.find(isFree);
  const options = calendars.map((calendar) => option(calendar, calendar === preselected));
  return `<form method="post" action="choice">
<input type="hidden" name="consent" value="${escaped(consentId)}">
<input type="hidden" name="token" value="${escaped(token)}">
<fieldset>
<legend>Which calendar is to be synced?</legend>
${options.join("\n")}
</fieldset>
<button type="submit">Connect</button>
</form>`;
}

function option(calendar: Offered, isChosen: boolean): string {
  const { id, name, isPrimary } = calendar;
  const state = `${isChosen ? " checked" : ""}${isFree(calendar) ? "" : " disabled"}`;
  const note = [isPrimary ? "main calendar" : null, noteOf(calendar)].filter((one) => one !== null).join(", ");
  const input = `<input type="radio" name="calendar" value="${escaped(id)}" required${state}>`;
  return `<label>${input} ${escaped(name)}${note === "" ? "" : `<small>${note}</small>`}</label>`;
}

function noteOf({ status }: Offered): string | null {
  switch (status) {
    case "ACTIVE":
    case "PAUSED":
      return "already connected";
    case "REVOKED":
      return "was connected; it goes on with what is there";
    case null:
      return null;
  }
}

function back(returnUrl: string | null): string {
  return returnUrl === null ? "" : `<p><a href="${escaped(returnUrl)}">Back</a></p>`;
}
