/** The scopes of Google's consent, as far as a calendar application asks for them. */

const ROOT = "https://www.googleapis.com/auth/";

const CALENDAR_SCOPES: Readonly<Record<string, string>> = {
  calendar: "See, edit, share, and permanently delete all the calendars you can access using Google Calendar",
  "calendar.readonly": "See and download any calendar you can access using your Google Calendar",
  "calendar.events": "View and edit events on all your calendars",
  "calendar.events.readonly": "View events on all your calendars",
  "calendar.events.owned": "See, create, change, and delete events on Google calendars you own",
  "calendar.events.owned.readonly": "See the events on Google calendars you own",
  "calendar.calendars":
    "See and change the properties of Google calendars you have access to, and create secondary calendars",
  "calendar.calendars.readonly":
    "See the title, description, default time zone, and other properties of Google calendars you have access to",
  "calendar.calendarlist": "See, add, and remove Google calendars you're subscribed to",
  "calendar.calendarlist.readonly": "See the list of Google calendars you're subscribed to",
  "calendar.settings.readonly": "View your Calendar settings",
  "calendar.freebusy": "View your availability in your calendars",
};

const SIGN_IN_SCOPES: Readonly<Record<string, string>> = {
  openid: "Associate you with your personal info on Google",
  [`${ROOT}userinfo.email`]: "See your primary Google Account email address",
  [`${ROOT}userinfo.profile`]: "See your personal info, including any personal info you've made publicly available",
};

/** The name a scope is granted under. */
export function grantedName(scope: string): string {
  return scope === "email" || scope === "profile" ? `${ROOT}userinfo.${scope}` : scope;
}

/** What a scope allows, in the words of the consent page; null for a scope that does not exist. */
export function meaningOf(scope: string): string | null {
  return SIGN_IN_SCOPES[scope] ?? (isCalendarScope(scope) ? (CALENDAR_SCOPES[scope.slice(ROOT.length)] ?? null) : null);
}

/** Calendar scopes may be refused one by one; those of signing in may not. */
export function isCalendarScope(scope: string): boolean {
  return scope.startsWith(`${ROOT}calendar`);
}
