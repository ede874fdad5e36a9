import { parseArgs } from "node:util";
import { z } from "zod";
import { roles } from "../access/actor.js";
import { signToken } from "../access/token.js";
import { ConfigError, loadConfig } from "../config.js";
import { parseId } from "../id.js";

const usage = "Usage: npm run token -- --role manager --firm 1 [--user U] [--name N] [--hours 12]";

const request = z.object({
  role: z.enum(roles, { error: `--role must be one of ${roles.join(", ")}` }),
  firm: z
    .string({ error: "--firm is missing" })
    .refine((text) => parseId(text) !== null, { error: "--firm must be a positive whole number" }),
  user: z.string().min(1).default("1"),
  name: z.string().optional(),
  hours: z
    .string()
    .regex(/^[1-9]\d{0,4}$/, { error: "--hours must be a whole number from 1 to 99999" })
    .default("12"),
});

/** Prints a token that a server with this configuration accepts. Exits 2 with one line when it is asked wrongly. */
async function printToken(): Promise<void> {
  const { role, firm, user, name, hours } = request.parse(readArguments());
  const token = await signToken(loadConfig().jwt, {
    userId: user,
    firmId: firm,
    role,
    name: name ?? null,
    hours: Number(hours),
  });
  process.stdout.write(`${token}\n`);
}

function readArguments() {
  const text = { type: "string" } as const;
  return parseArgs({ options: { role: text, firm: text, user: text, name: text, hours: text } }).values;
}

function explain(error: unknown): string {
  if (error instanceof z.ZodError) return `${error.issues.map((issue) => issue.message).join("; ")}. ${usage}`;
  if (error instanceof ConfigError) return error.message;
  return `${error instanceof Error ? error.message : String(error)}. ${usage}`;
}

try {
  await printToken();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 2;
}
