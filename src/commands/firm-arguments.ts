import { parseArgs } from "node:util";
import { parseId } from "../id.js";
import { UsageError } from "./run-command.js";

export type FirmRequest =
  | { action: "add"; id: string; name: string }
  | { action: "list" }
  | { action: "erase"; id: string; isDryRun: boolean; isConfirmed: boolean };

const usage = "Usage: npm run firm -- add --id 17 --name N | list | erase --id 17 [--dry-run] [--yes]";
const longestName = 200;
const namePattern = new RegExp(`^.{1,${longestName}}$`, "su"); // characters as PostgreSQL counts them

/** @throws UsageError, one line */
export function parseFirmArguments(args: string[]): FirmRequest {
  const { values, positionals } = parsed(args);
  const [action, ...rest] = positionals;
  const { "dry-run": isDryRun = false, yes: isConfirmed = false } = values;
  if (rest.length > 0) throw wrong(`unexpected argument ${rest.join(" ")}; a name of several words is quoted`);
  if (action !== "erase" && (isDryRun || isConfirmed)) throw wrong("--dry-run and --yes are for erase");
  switch (action) {
    case "add":
      return { action, id: idOf(values.id), name: nameOf(values.name) };
    case "list":
      if (values.id !== undefined || values.name !== undefined) throw wrong("list takes no options");
      return { action };
    case "erase":
      if (values.name !== undefined) throw wrong("erase takes no name");
      return { action, id: idOf(values.id), isDryRun, isConfirmed };
    case undefined:
      throw wrong("what is to be done is missing");
    default:
      throw wrong(`${action} is not known`);
  }
}

function parsed(args: string[]) {
  try {
    const [text, flag] = [{ type: "string" }, { type: "boolean" }] as const;
    return parseArgs({ args, options: { id: text, name: text, "dry-run": flag, yes: flag }, allowPositionals: true });
  } catch (error) {
    throw wrong((error as Error).message.replaceAll("\n", " "));
  }
}

function idOf(text: string | undefined): string {
  if (text === undefined) throw wrong("--id is missing");
  const id = parseId(text);
  if (id === null) throw wrong("--id must be a positive whole number");
  return id;
}

function nameOf(text: string | undefined): string {
  const name = text?.trim() ?? "";
  if (name === "") throw wrong("--name is missing");
  if (!namePattern.test(name)) throw wrong(`--name must have at most ${longestName} characters`);
  if (/\p{Cc}/u.test(name)) throw wrong("--name must have no control characters");
  return name;
}

function wrong(message: string): UsageError {
  return new UsageError(`${message}. ${usage}`);
}
