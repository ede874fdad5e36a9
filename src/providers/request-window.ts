import type { EventWindow } from "./provider.js";

/**
 * The window as it is asked for, in whole seconds: a second earlier, since providers leave out what ends at a window's start,
 * hence also what has no length there; and not before its end, since they leave out what starts at a window's end.
 */
export function requestWindow({ windowStart, windowEnd }: EventWindow): { start: string; end: string } {
  return {
    start: new Date(Math.floor(windowStart.getTime() / 1000) * 1000 - 1000).toISOString(),
    end: new Date(Math.ceil(windowEnd.getTime() / 1000) * 1000).toISOString(),
  };
}
