import type { ProviderKind } from "./accounts.js";
import type { SimulatedCalendar } from "./calendar.js";
import type { SourceCalendar, SourceEvent } from "./calendar-source.js";
import { createEvent, instanceIdOf, updateEvent } from "./event-edit.js";
import { usualScopes } from "./usual-scopes.js";
import type { World } from "./world.js";

/** Adds the calendars whose accounts or ids the simulator does not have yet; what is there stays as it is. */
export function fillWorld(world: World, provider: ProviderKind, calendars: readonly SourceCalendar[]): void {
  for (const source of calendars) {
    const account = world.accounts.find(source.account) ?? addAccount(world, provider, source);
    if (account.entries.has(source.id)) continue;
    const { id, name, timeZone, description, accessRole } = source;
    const optional = {
      ...(description === undefined ? {} : { description }),
      ...(accessRole === undefined ? {} : { accessRole }),
    };
    const calendar = world.accounts.addCalendar({ account: account.email, id, name, timeZone, ...optional });
    for (const event of source.events) addEvent(calendar, event);
  }
}

function addAccount(world: World, provider: ProviderKind, source: SourceCalendar) {
  const account = world.accounts.addAccount(source.account, provider);
  account.isRevoked = source.isRevoked ?? false;
  world.tokens.issueRefresh({ account: account.email, scopes: usualScopes(provider) });
  return account;
}

function addEvent(calendar: SimulatedCalendar, event: SourceEvent): void {
  createEvent(calendar, event);
  for (const { originalStart, isCancelled, ...changes } of event.instances ?? []) {
    const id = instanceIdOf(calendar, event.id, originalStart);
    if (isCancelled) calendar.remove(id);
    else updateEvent(calendar, id, changes);
  }
}
