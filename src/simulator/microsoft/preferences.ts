import { unsupportedZone } from "./graph-error.js";
import { ianaZone } from "./zone-name.js";

/** What a request's `Prefer` header asks for. */
export interface Preferences {
  /** The zone times are told in, with the name the client knows it by. */
  zone: { name: string; iana: string };
  hasImmutableIds: boolean;
  maxPageSize: number | null;
  body: "html" | "text";
  /** The preferences that were understood, for `Preference-Applied`; empty where there are none. */
  applied: string;
}

const PART = /([A-Za-z][\w.-]*)\s*=\s*(?:"([^"]*)"|([^",;\s]+))/g;

/** Unknown preferences are ignored. Throws GraphError for a zone that does not exist. */
export function readPreferences(header: string | undefined): Preferences {
  const preferences: Preferences = {
    zone: { name: "UTC", iana: "UTC" },
    hasImmutableIds: false,
    maxPageSize: null,
    body: "html",
    applied: "",
  };
  const applied = [...(header ?? "").matchAll(PART)].filter(([, name, quoted, plain]) =>
    apply(preferences, (name ?? "").toLowerCase(), quoted ?? plain ?? ""),
  );
  return { ...preferences, applied: applied.map(([text]) => text).join(", ") };
}

/** Whether the preference is one that is understood. */
function apply(preferences: Preferences, name: string, value: string): boolean {
  switch (name) {
    case "outlook.timezone":
      preferences.zone = { name: value, iana: knownZone(value) };
      return true;
    case "idtype":
      preferences.hasImmutableIds = value.toLowerCase() === "immutableid";
      return preferences.hasImmutableIds;
    case "odata.maxpagesize":
      if (!/^[1-9]\d{0,8}$/.test(value)) return false;
      preferences.maxPageSize = Number(value);
      return true;
    case "outlook.body-content-type":
      if (value !== "text" && value !== "html") return false;
      preferences.body = value;
      return true;
    default:
      return false;
  }
}

function knownZone(name: string): string {
  const zone = ianaZone(name);
  if (zone !== null) return zone;
  throw unsupportedZone(name);
}
