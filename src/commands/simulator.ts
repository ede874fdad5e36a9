import { parseArgs } from "node:util";
import { demoCalendars } from "../simulator/demo-calendars.js";
import { startSimulator } from "../simulator/simulator.js";

/** `npm run simulator -- --port 4700 --ics FILE…`: the provider simulator alone, with the demo's calendars, until it is told to stop. */

interface Arguments {
  host: string;
  port: number;
  icsFiles: string[];
}

/** Files may follow one `--ics` or have one each. Throws an Error that says which argument is wrong. */
function readArguments(): Arguments {
  const { values, positionals } = parseArgs({
    options: {
      host: { type: "string", default: "127.0.0.1" },
      port: { type: "string", default: "4700" },
      ics: { type: "string", multiple: true, default: [] },
    },
    allowPositionals: true,
  });
  if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65_535)
    throw new Error(`--port is no port: ${values.port}`);
  if (positionals.length > 0 && values.ics.length === 0)
    throw new Error(`unexpected argument: ${positionals.join(" ")}`);
  return { host: values.host, port: Number(values.port), icsFiles: [...values.ics, ...positionals] };
}

function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

function logLine(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function run({ host, port, icsFiles }: Arguments): Promise<void> {
  const simulator = await startSimulator({
    host,
    port,
    googleCalendars: await demoCalendars({ icsFiles }),
    log: logLine,
  });
  printLine(`Provider simulator at ${simulator.url}`);
  printLine(
    `  Google Calendar ${simulator.googleApiUrl}  tokens ${simulator.googleTokenUrl}  admin ${simulator.url}/__sim/state`,
  );
  for (const account of simulator.control.state().accounts) {
    printLine(
      `  ${account.email}${account.isRevoked ? " (revoked)" : ""}  refresh token ${account.refreshToken ?? "none"}`,
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
