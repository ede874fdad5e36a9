import { Accounts } from "./accounts.js";
import { VirtualClock } from "./clock.js";
import { AuthorizationCodes } from "./consent/authorization-codes.js";
import { Consents } from "./consent/consents.js";
import { SigningKey } from "./consent/signing-key.js";
import { Faults } from "./faults.js";
import { IdentifierSource } from "./identifiers.js";
import type { FlakyProfile } from "./flaky-profile.js";
import { Journal } from "./journal.js";
import { MailboxLimits } from "./mailbox-limits.js";
import { Subscriptions } from "./notifications/subscriptions.js";
import { USUAL_SCENARIO } from "./scenario.js";
import type { Scenario } from "./scenario.js";
import { Throttle } from "./throttle.js";
import { Tokens } from "./tokens.js";

/** An application as it is registered with the providers. */
export interface OAuthClient {
  clientId: string;
  clientSecret: string;
  /** Where a consent may lead back to. Default: anywhere. */
  redirectUris?: readonly string[];
  /** What a consent page calls it. Default its id. */
  name?: string;
}

/** Everything a running simulator holds: what the routes of every provider and the admin routes work on. */
export class World {
  readonly clock: VirtualClock;
  readonly identifiers: IdentifierSource;
  readonly accounts: Accounts;
  readonly tokens: Tokens;
  readonly codes: AuthorizationCodes;
  readonly consents = new Consents();
  readonly signingKey = new SigningKey();
  readonly faults = new Faults();
  readonly journal: Journal;
  readonly throttle: Throttle;
  readonly mailboxLimits: MailboxLimits;
  /** Who is told of changes. */
  readonly subscriptions: Subscriptions;
  /** Whether notifications may leave this machine. */
  readonly notifiesAnywhere: boolean;
  profile: FlakyProfile | null = null;
  scenario: Scenario = { ...USUAL_SCENARIO };
  /** The OAuth applications that may ask for consent and tokens; null lets every one in that names itself and a secret. */
  readonly oauthClients: readonly OAuthClient[] | null;

  constructor(options: {
    seed: string;
    now?: () => number;
    oauthClients?: readonly OAuthClient[];
    notifiesAnywhere?: boolean;
  }) {
    this.clock = new VirtualClock(options.now);
    const now = () => this.clock.now();
    this.identifiers = new IdentifierSource(options.seed);
    this.accounts = new Accounts(this.identifiers, now);
    const providerOf = (email: string) => this.accounts.account(email).provider;
    this.tokens = new Tokens(this.identifiers, now, providerOf);
    this.codes = new AuthorizationCodes(this.identifiers, now, providerOf);
    this.mailboxLimits = new MailboxLimits(now);
    this.journal = new Journal(now);
    this.throttle = new Throttle(now);
    this.subscriptions = new Subscriptions(now);
    this.notifiesAnywhere = options.notifiesAnywhere ?? false;
    this.oauthClients = options.oauthClients ?? null;
  }

  /** How the providers behave to an account; null is one that is not known yet. */
  scenarioOf(email: string | null): Scenario {
    return { ...this.scenario, ...this.accounts.find(email ?? "")?.scenario };
  }

  /** Back to nothing: no account, token, fault or journal entry, the usual behaviour, real time. */
  clear(): void {
    this.accounts.clear();
    this.tokens.clear();
    this.codes.clear();
    this.consents.clear();
    this.faults.clear();
    this.journal.clear();
    this.throttle.set(null);
    this.mailboxLimits.set(null);
    this.subscriptions.clear();
    this.profile = null;
    this.scenario = { ...USUAL_SCENARIO };
    this.clock.restore(0);
  }
}
