/**
 * Plays one history in a process of its own, in which a fault may have been planted. Its arguments: the provider, and the
 * history as JSON. Prints `as the model says`, or what was otherwise.
 */
import type { ProviderName } from "../../src/providers/provider.js";
import type { HistoryPlan } from "./commands.js";
import { ModelWorld } from "./model-world.js";

const [provider, plan] = process.argv.slice(2);
const world = await ModelWorld.start();
const told = await world.live(provider as ProviderName, JSON.parse(plan ?? "") as HistoryPlan).then(
  () => "as the model says",
  (error: unknown) => String(error),
);
process.stdout.write(`${told.replaceAll("\n", " ")}\n`);
await world.stop();
