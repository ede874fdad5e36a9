import { createInterface } from "node:readline/promises";
import { CommandError } from "./run-command.js";

/**
 * On a terminal a person must type the id before something is done that cannot be undone; a script has said it by calling.
 * @throws CommandError where something else was typed
 */
export async function confirmErasing(what: string, id: string): Promise<void> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await terminal.question(`${what} will be erased for good. Type ${id} to go on: `);
    if (answer.trim() !== id) throw new CommandError("nothing was erased");
  } finally {
    terminal.close();
  }
}
