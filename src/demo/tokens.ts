import { signToken } from "../access/token.js";
import type { Config } from "../config.js";
import { demoFirmId, otherFirmId } from "./seed.js";

const hours = 12;
const firms = { manager: demoFirmId, staff: demoFirmId, "other-manager": otherFirmId } as const;

/** A token for one of the demo's people, valid for 12 hours. */
export function demoToken(config: Config, person: keyof typeof firms): Promise<string> {
  const role = person === "staff" ? "staff" : "manager";
  return signToken(config.jwt, { userId: `demo-${person}`, firmId: firms[person], role, name: `Demo ${role}`, hours });
}
