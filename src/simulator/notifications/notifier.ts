import type { SimulatedCalendar } from "../calendar.js";
import { channelMessage } from "../google/channel-message.js";
import { changeMessage } from "../microsoft/change-message.js";
import type { World } from "../world.js";
import { deliverMessage } from "./post.js";
import type { Message } from "./post.js";
import type { Watch } from "./subscriptions.js";

const LOOK_MS = 20;

/**
 * Tells those who watch calendars that something changed. Changes that come together are told together, and a message follows the one
 * before it: while a receiver is slow, its changes wait.
 */
export class Notifier {
  readonly #stopped = new AbortController();
  readonly #underWay = new Map<string, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly world: World) {}

  start(): void {
    this.#timer = setInterval(() => {
      for (const watch of this.world.subscriptions.all()) this.#look(watch);
    }, LOOK_MS).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopped.abort();
    await Promise.all(this.#underWay.values());
  }

  #look(watch: Watch): void {
    const calendar = calendarOf(this.world, watch);
    if (!calendar || this.#underWay.has(watch.id)) return;
    const message = nextMessage(this.world, watch, calendar);
    if (!message) return;
    const sent = deliverMessage(watch.address, message, this.#stopped.signal).finally(() => {
      this.#underWay.delete(watch.id);
    });
    this.#underWay.set(watch.id, sent);
  }
}

/** Null where there is nothing to tell, and for a message that gets lost on its way. */
function nextMessage(world: World, watch: Watch, calendar: SimulatedCalendar): Message | null {
  const isFirst = watch.kind === "channel" && watch.messages === 0;
  if (!isFirst && watch.toldSeq === calendar.seq) return null;
  const number = watch.messages + 1;
  const message =
    watch.kind === "channel"
      ? channelMessage(watch, number)
      : changeMessage(watch, calendar, world.accounts.account(watch.account));
  watch.toldSeq = isFirst ? watch.toldSeq : calendar.seq;
  watch.toldPosition = calendar.events.at(-1)?.position ?? -1;
  watch.messages = message ? number : watch.messages;
  world.subscriptions.touch();
  return message && (isFirst || !isLost(number, world.scenario.notificationLoss)) ? message : null;
}

/** Spreads the share that is lost evenly: the same messages in every run. */
function isLost(number: number, share: number): boolean {
  return (number * 0.618_033_988_75) % 1 < share;
}

function calendarOf(world: World, { account, calendar }: Watch): SimulatedCalendar | null {
  const entries = [...(world.accounts.find(account)?.entries.values() ?? [])];
  const entry = entries.find((candidate) => candidate.calendar.description.incarnation === calendar);
  return entry && !entry.isRemoved ? entry.calendar : null;
}
