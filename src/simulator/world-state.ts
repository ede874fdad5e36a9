import type { Account } from "./accounts.js";
import { externalCalendarId } from "./external-id.js";
import type { World } from "./world.js";

/** What a person may want to see of a world at a glance. */
export function worldState(world: World) {
  const { clock, scenario, throttle, mailboxLimits, profile, faults } = world;
  return {
    now: new Date(clock.now()).toISOString(),
    scenario,
    throttle: throttle.rule,
    mailboxLimits: mailboxLimits.rule,
    profile: profile?.name ?? null,
    faults: faults.active(),
    accounts: [...world.accounts.all()].map((account) => accountState(world, account)),
  };
}

function accountState(world: World, { email, provider, isRevoked, entries }: Account) {
  const calendars = [...entries.values()].map(({ calendar, isRemoved }) => {
    const { id, name, timeZone, accessRole } = calendar.description;
    const { seq, prunedSeq, events } = calendar;
    const externalId = externalCalendarId(calendar);
    return { id, externalId, name, timeZone, accessRole, isRemoved, seq, prunedSeq, events: events.length };
  });
  return { email, provider, isRevoked, refreshToken: world.tokens.refreshTokenOf(email) ?? null, calendars };
}
