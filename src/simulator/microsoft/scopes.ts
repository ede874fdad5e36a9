/** Delegated permissions of Graph, as far as reading a calendar needs them. */

const PREFIX = /^https:\/\/graph\.microsoft\.com\//i;

/** What a user grants where nobody says otherwise. */
export const USUAL_GRAPH_SCOPES: readonly string[] = [
  "offline_access",
  "User.Read",
  "Calendars.ReadWrite",
  "MailboxSettings.Read",
];

const SUFFICIENT = {
  user: ["user.read", "user.readwrite", "user.read.all"],
  calendars: ["calendars.read", "calendars.readwrite", "calendars.read.shared", "calendars.readwrite.shared"],
  calendarWrites: ["calendars.readwrite", "calendars.readwrite.shared"],
  mailboxSettings: ["mailboxsettings.read", "mailboxsettings.readwrite"],
} as const;

export type GraphResource = keyof typeof SUFFICIENT;

/** Whether what was granted allows access to a resource. */
export function allows(granted: readonly string[], resource: GraphResource): boolean {
  const names = granted.map(plainName);
  return SUFFICIENT[resource].some((name) => names.includes(name));
}

/** Whether everything that a token request asks for was granted. Those of OpenID Connect always are. */
export function areGranted(requested: readonly string[], granted: readonly string[]): boolean {
  const names = granted.map(plainName);
  return requested.map(plainName).every((name) => OPENID.has(name) || names.includes(name) || isCovered(name, names));
}

const OPENID = new Set(["openid", "profile", "email", "offline_access", ".default"]);

/** The right to write covers the right to read. */
function isCovered(name: string, granted: readonly string[]): boolean {
  return name.includes(".read") && granted.includes(name.replace(".read", ".readwrite"));
}

function plainName(scope: string): string {
  return scope.replace(PREFIX, "").toLowerCase();
}

const MEANINGS: Readonly<Record<string, string>> = {
  openid: "Sign you in",
  profile: "View your basic profile",
  email: "View your email address",
  offline_access: "Maintain access to data you have given it access to",
  "user.read": "Sign you in and read your profile",
  "calendars.read": "Read your calendars",
  "calendars.readwrite": "Have full access to your calendars",
  "calendars.read.shared": "Read calendars you can access",
  "calendars.readwrite.shared": "Read and write to your and shared calendars",
  "mailboxsettings.read": "Read your mailbox settings",
  "mailboxsettings.readwrite": "Read and write to your mailbox settings",
};

/** What a scope allows, in the words of the consent page; its name where those are not known. */
export function meaningOf(scope: string): string {
  return MEANINGS[plainName(scope)] ?? scope;
}

/** Whether it has the form of a permission of Graph, or is one of OpenID Connect. */
export function isScope(scope: string): boolean {
  const name = plainName(scope);
  return OPENID.has(name) || /^[a-z]+(\.[a-z]+)+$/.test(name);
}
