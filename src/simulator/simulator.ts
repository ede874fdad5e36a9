import type { SourceCalendar } from "./calendar-source.js";
import { Control } from "./control.js";
import { HttpServer } from "./http-server.js";
import { Notifier } from "./notifications/notifier.js";
import { selfSignedCertificate } from "./self-signed-certificate.js";
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
  /** The same for Microsoft calendars. */
  microsoftCalendars?: readonly SourceCalendar[];
  /** `flaky:SEED`: how reliable the providers are. Perfectly without it. */
  profile?: string;
  /** Listens with https, too, on a port of its own; for clients that refuse anything else. */
  hasHttps?: boolean;
  /** The OAuth applications that are let in; without it any id, secret and redirect address are. */
  oauthClients?: readonly OAuthClient[];
  /** Notifications may go to any https address; without it to this machine alone. */
  notifiesAnywhere?: boolean;
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
  /** Google's consent page. */
  readonly googleAuthUrl: string;
  readonly googleRevokeUrl: string;
  /** The root of Graph, `http://host:port/v1.0`. */
  readonly microsoftApiUrl: string;
  /** Tokens are at `{microsoftLoginUrl}/{tenant}/oauth2/v2.0/token`, the consent page beside them at `authorize`. */
  readonly microsoftLoginUrl: string;
  /** `https://localhost:port` and the PEM certificate to trust; null unless it was asked for. */
  readonly https: { url: string; certificate: string } | null;
  /** The same as the admin routes, within the process. */
  readonly control: Control;
  /** Saves the state, ends every connection and frees the port. */
  close(): Promise<void>;
}

/** Starts the simulator. Rejects where the port is taken or the state file cannot be read. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { host = "127.0.0.1", port = 0, seed = "simulator", now, oauthClients, log = () => undefined } = options;
  const { notifiesAnywhere = false } = options;
  const world = new World({
    seed,
    notifiesAnywhere,
    ...(now ? { now } : {}),
    ...(oauthClients ? { oauthClients } : {}),
  });
  const control = new Control(world, () => {
    control.fill("google", options.googleCalendars ?? []);
    control.fill("microsoft", options.microsoftCalendars ?? []);
    control.setProfile(options.profile ?? null);
  });
  const stateFile = options.stateFile === undefined ? null : new StateFile(world, options.stateFile, log);
  stateFile?.load();
  control.refill();
  const server = new HttpServer(world, control, log);
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${await server.listen(host, port)}`;
  const https = options.hasHttps ? await listenTls(server, host) : null;
  stateFile?.start();
  const notifier = new Notifier(world);
  notifier.start();
  const close = async () => {
    await server.close();
    await notifier.close();
    await stateFile?.close();
  };
  return { url, ...addresses(url), https, control, close };
}

function addresses(url: string) {
  return {
    googleApiUrl: `${url}/`,
    googleTokenUrl: `${url}/google/token`,
    googleAuthUrl: `${url}/google/o/oauth2/v2/auth`,
    googleRevokeUrl: `${url}/google/revoke`,
    microsoftApiUrl: `${url}/v1.0`,
    microsoftLoginUrl: `${url}/ms`,
  };
}

async function listenTls(server: HttpServer, host: string) {
  const identity = selfSignedCertificate();
  return { url: `https://localhost:${await server.listenTls(host, identity)}`, certificate: identity.certificate };
}
