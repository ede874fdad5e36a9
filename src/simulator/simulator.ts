import type { SourceCalendar } from "./calendar-source.js";
import { Control } from "./control.js";
import { HttpServer } from "./http-server.js";
import { StateFile } from "./state-file.js";
import { World } from "./world.js";
import type { OAuthClient } from "./world.js";

export interface SimulatorOptions {
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 0: any free port. */
  port?: number;
  /** Ids and tokens are made from it: the same seed and the same deeds give the same ones. */
  seed?: string;
  /** Where the state is kept from run to run; in memory only without it. */
  stateFile?: string;
  /** Google calendars to begin with, and after a reset. With a stored state only those it does not know are added. */
  googleCalendars?: readonly SourceCalendar[];
  /** The OAuth applications that are let in; without it any id and secret are. */
  oauthClients?: readonly OAuthClient[];
  /** Milliseconds since 1970, the base of the simulator's clock. Default real time. */
  now?: () => number;
  log?: (message: string) => void;
}

/** A running simulator. */
export interface Simulator {
  /** `http://host:port`, without a slash at the end. */
  readonly url: string;
  /** The `rootUrl` of the Google client; ends in a slash. */
  readonly googleApiUrl: string;
  readonly googleTokenUrl: string;
  /** The same as the admin routes, within the process. */
  readonly control: Control;
  /** Saves the state, ends every connection and frees the port. */
  close(): Promise<void>;
}

/** Starts the simulator. Rejects where the port is taken or the state file cannot be read. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { host = "127.0.0.1", port = 0, seed = "simulator", now, oauthClients, log = () => undefined } = options;
  const world = new World({ seed, ...(now ? { now } : {}), ...(oauthClients ? { oauthClients } : {}) });
  const control = new Control(world, () => {
    control.fill("google", options.googleCalendars ?? []);
  });
  const stateFile = options.stateFile === undefined ? null : new StateFile(world, options.stateFile, log);
  stateFile?.load();
  control.fill("google", options.googleCalendars ?? []);
  const server = new HttpServer(world, control, log);
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${await server.listen(host, port)}`;
  stateFile?.start();
  const close = async () => {
    await server.close();
    await stateFile?.close();
  };
  return { url, googleApiUrl: `${url}/`, googleTokenUrl: `${url}/google/token`, control, close };
}
