import type { Account } from "../accounts.js";
import { lifecycleMessage } from "../microsoft/change-message.js";
import type { LifecycleEvent } from "../microsoft/change-message.js";
import type { World } from "../world.js";
import { deliverMessage } from "./post.js";

/** Tells the subscriptions of an account that have an address for it. Resolves to how many subscriptions it befell. */
export async function sendLifecycleEvent(world: World, { email }: Account, event: LifecycleEvent): Promise<number> {
  const befallen = world.subscriptions
    .all()
    .filter(({ kind, account }) => kind === "subscription" && account === email);
  for (const watch of befallen) {
    if (event === "subscriptionRemoved") world.subscriptions.remove(watch.id);
    if (watch.kind !== "subscription" || watch.lifecycleAddress === null) continue;
    await deliverMessage(watch.lifecycleAddress, lifecycleMessage(watch, event), new AbortController().signal);
  }
  return befallen.length;
}
