import { loadConfig, type Config } from "../config.js";
import { openDatabase, openSystemDatabase } from "../database/orm.js";
import { announcedDemo, type RunningDemo } from "../demo/running-demo.js";
import { demoToken } from "../demo/tokens.js";
import { playTour } from "../demo/tour/play-tour.js";
import { SimulatorAdmin } from "../demo/tour/simulator-admin.js";
import { Tour } from "../demo/tour/tour.js";
import { withDatabase, type CommandDatabase } from "./command-database.js";
import { CommandError, printLine, requireNoArguments, runCommand } from "./run-command.js";

/** `npm run demo:tour`: the README's story against the running demo, each step checked. Exits 1 when a check fails. */
await runCommand("demo:tour", async (args) => {
  requireNoArguments(args, "Usage: npm run demo:tour");
  const config = loadConfig();
  const demo = await runningDemo(config);
  return withDatabase(config, (database) => play(config, demo, database));
});

/** @throws CommandError where none runs */
async function runningDemo({ isDemo, dataDir }: Config): Promise<RunningDemo> {
  if (!isDemo) throw new CommandError("this configuration is not that of the demo: a database or a provider is set");
  const demo = announcedDemo(dataDir);
  if (!demo || !(await answers(demo))) {
    throw new CommandError(
      `no demo runs on the data folder ${dataDir}: start one with "npm start", in another terminal`,
    );
  }
  return demo;
}

async function answers({ url }: RunningDemo): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`)).ok;
  } catch {
    return false;
  }
}

async function play(config: Config, demo: RunningDemo, { appUrl, systemUrl }: CommandDatabase): Promise<number> {
  const tour = await tourOf(config, demo);
  const database = await openDatabase(appUrl, 2);
  const systemDatabase = await openSystemDatabase(systemUrl, 1);
  try {
    await playTour(tour, { em: database.em, systemEm: systemDatabase.em, systemUrl }, demo);
  } finally {
    await systemDatabase.close();
    await database.close();
  }
  printLine(`\ndemo:tour: ${tour.passed} checks hold${tour.failed > 0 ? `, ${tour.failed} do not` : ""}`);
  return tour.failed > 0 ? 1 : 0;
}

async function tourOf(config: Config, { url, simulatorUrl }: RunningDemo): Promise<Tour> {
  const tokens = {
    manager: await demoToken(config, "manager"),
    staff: await demoToken(config, "staff"),
    "other-manager": await demoToken(config, "other-manager"),
  };
  return new Tour({ url, tokens, simulator: new SimulatorAdmin(simulatorUrl), print: printLine });
}
