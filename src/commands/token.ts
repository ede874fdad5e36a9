import { parseArgs } from "node:util";
import { z } from "zod";
import { roles } from "../access/actor.js";
import { signToken, type TokenRequest } from "../access/token.js";
import { loadConfig } from "../config.js";
import { parseId } from "../id.js";
import { printLine, runCommand, UsageError } from "./run-command.js";

const usage = "Usage: npm run token -- --role manager --firm 1 [--user U] [--name N] [--hours 12]";

const tokenRequest = z
  .object({
    role: z.enum(roles, { error: `--role must be one of ${roles.join(", ")}` }),
    firm: z
      .string({ error: "--firm is missing" })
      .refine((text) => parseId(text) !== null, { error: "--firm must be a positive whole number" }),
    user: z.string().min(1, { error: "--user must not be empty" }).default("1"),
    name: z.string().default(""),
    hours: z
      .string()
      .regex(/^[1-9]\d{0,4}$/, { error: "--hours must be a whole number from 1 to 99999" })
      .default("12"),
  })
  .transform(({ role, firm, user, name, hours }): TokenRequest => {
    return { role, firmId: firm, userId: user, name: name === "" ? null : name, hours: Number(hours) };
  });

function readRequest(args: string[]): TokenRequest {
  const request = tokenRequest.safeParse(readOptions(args));
  if (request.success) return request.data;
  throw new UsageError(`${request.error.issues.map(({ message }) => message).join("; ")}. ${usage}`);
}

function readOptions(args: string[]) {
  const text = { type: "string" } as const;
  try {
    return parseArgs({ args, options: { role: text, firm: text, user: text, name: text, hours: text } }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message.replaceAll("\n", " ")}. ${usage}`);
  }
}

// Prints a token that a server with this configuration accepts.
await runCommand("token", async (args) => {
  const request = readRequest(args);
  printLine(await signToken(loadConfig().jwt, request));
  return 0;
});
