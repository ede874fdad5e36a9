import { parseArgs } from "node:util";
import { demoCalendars, microsoftDemoCalendars } from "../simulator/demo-calendars.js";
import { startSimulator } from "../simulator/simulator.js";

/**
 * `npm run simulator -- --port 4700 --ics FILE… --profile flaky:SEED`: the provider simulator alone, with the demo's calendars, until
 * it is told to stop.
 */

interface Arguments {
  host: string;
  port: number;
  icsFiles: string[];
  profile: string | null;
}

/** Files may follow one `--ics` or have one each. Throws an Error that says which argument is wrong. */
function readArguments(): Arguments {
  const { values, positionals } = parseArgs({
    options: {
      host: { type: "string", default: "127.0.0.1" },
      port: { type: "string", default: "4700" },
      ics: { type: "string", multiple: true, default: [] },
      profile: { type: "string" },
    },
    allowPositionals: true,
  });
  if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65_535)
    throw new Error(`--port is no port: ${values.port}`);
  if (positionals.length > 0 && values.ics.length === 0)
    throw new Error(`unexpected argument: ${positionals.join(" ")}`);
  const { host, port, ics, profile = null } = values;
  if (profile !== null && !/^flaky:.+/.test(profile)) throw new Error(`--profile is not flaky:SEED: ${profile}`);
  return { host, port: Number(port), icsFiles: [...ics, ...positionals], profile };
}

function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

function logLine(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function run({ host, port, icsFiles, profile }: Arguments): Promise<void> {
  const simulator = await startSimulator({
    host,
    port,
    googleCalendars: await demoCalendars({ icsFiles }),
    microsoftCalendars: microsoftDemoCalendars({ icsFiles }),
    ...(profile === null ? {} : { profile }),
    log: logLine,
  });
  printLine(`Provider simulator at ${simulator.url}`);
  printLine(
    `  Google Calendar ${simulator.googleApiUrl}  tokens ${simulator.googleTokenUrl}  admin ${simulator.url}/__sim/state`,
  );
  printLine(
    `  Microsoft Graph ${simulator.microsoftApiUrl}  tokens ${simulator.microsoftLoginUrl}/common/oauth2/v2.0/token`,
  );
  for (const account of simulator.control.state().accounts) {
    printLine(
      `  ${account.provider} ${account.email}${account.isRevoked ? " (revoked)" : ""}  refresh token ${account.refreshToken ?? "none"}`,
    );
  }
  const stop = () => {
    simulator.close().catch((error: unknown) => {
      logLine(String(error));
      process.exitCode = 1;
    });
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
}

try {
  await run(readArguments());
} catch (error) {
  logLine(`simulator: ${error instanceof Error ? error.message.replaceAll("\n", " ") : String(error)}`);
  process.exitCode = 2;
}
