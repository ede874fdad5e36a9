/**
 * The places at which a process may die or freeze in a test, each where something is half done: what one transaction has committed and
 * the next has not, or what a provider has answered and nobody has stored.
 */
export const failpoints = {
  "schedule.taken": "Connections that are due are taken and their runs made; the transaction has no jobs yet.",
  "schedule.queued": "The jobs of scheduled runs are sent; their transaction is not committed.",
  "schedule.committed": "Scheduled runs and their jobs are committed.",
  "claim.fetched": "A job is fetched from the queue under the lock of all claims; nothing is committed.",
  "claim.committed": "A job is this process's; its run has not started.",
  "start.lost-worker": "The attempt of a lost worker is closed; its run's next attempt is not written.",
  "start.in-transaction": "An attempt is written and its run running; nothing is committed.",
  "start.committed": "An attempt has started; nothing has been asked.",
  "round.in-transaction": "A full round has begun and forgotten what the one before has seen; nothing is committed.",
  "round.begun": "A round begins, or goes on where it was; no page has been asked for.",
  "page.fetched": "A page has come, and what it calls missing is asked for; nothing of it is written.",
  "page.before-write": "The next page is being fetched while this one is about to be written.",
  "page.in-transaction": "A page is applied and the checkpoint moved; nothing is committed.",
  "page.committed": "A page is committed, and the next one perhaps fetched.",
  "sweep.in-transaction":
    "What a full round has not seen is cancelled; the cursor has not moved and nothing is committed.",
  "confirmation.before-asking": "A bounded round is complete; what it misses is about to be asked for.",
  "confirmation.answered": "What has become of the missing events is known; nothing of it is written.",
  "confirmation.in-transaction": "What has become of the missing events is applied; nothing is committed.",
  "push.before-asking": "What an appointment is to be is read; the provider has not been asked for it.",
  "push.answered": "The provider has made, changed or removed an event; nothing of its answer is stored.",
  "push.in-transaction": "What the provider tells of a pushed event is stored; nothing is committed.",
  "close.before": "An attempt is about to be closed, however it has ended.",
  "close.in-transaction": "An attempt is closed with its run, counters and audit; nothing is committed.",
  "close.committed": "An attempt is closed; its job is not completed.",
  "retry.sent": "A failed run's next job is sent; its transaction is not committed.",
  "waiting-pull.sent": "A pull that waited behind another one is sent; its transaction is not committed.",
  "resync.in-transaction": "A resync is made, audited and sent; nothing is committed.",
  "replay.in-transaction": "A replay is made, audited and sent; nothing is committed.",
  "request.committed": "A resync, replay or push is asked for; its caller has no answer.",
  "token.before-asking": "This process alone may refresh a connection's token; the provider has not been asked.",
  "token.answered": "The provider has given new tokens; they are not stored.",
  "token.in-transaction": "New tokens are stored; the transaction is not committed.",
  "token.committed": "New tokens are committed; nobody uses them yet.",
  "consent.stored": "A consent is begun and committed; its caller has neither its address nor its cookie.",
  "callback.state-taken": "A consent's state is used up; the provider has not been asked for tokens.",
  "callback.code-exchanged": "The provider has given tokens for a consent's code; nothing of them is stored.",
  "callback.grant-stored":
    "What a consent has brought is stored until a calendar is chosen; its browser has no answer.",
  "choice.in-transaction": "The chosen calendar is connected, audited and its first pull sent; nothing is committed.",
  "choice.committed": "A calendar is connected; its browser has no answer.",
  "reconnect.in-transaction": "A connection has new tokens, its resync and its audit; nothing is committed.",
  "reconnect.committed": "A connection is reconnected; its browser has no answer.",
  "channels.forgotten": "A connection's channels are forgotten; the provider has not ended them.",
  "disconnect.revoked": "The provider has taken back a connection's tokens, which are stored still.",
  "disconnect.in-transaction": "A connection's tokens are removed and its runs ended; nothing is committed.",
  "disconnect.committed": "A connection is disconnected; its caller has no answer.",
  "import.staged": "Lines of an import are in its temporary tables; nothing is imported.",
  "import.identities-lifted": "The identities are beyond the ids of a firm's import; nothing of the firm is merged.",
  "import.in-transaction": "Everything of an imported firm is merged; nothing is committed.",
  "import.committed": "An imported firm is committed, the next one not begun.",
  "rotate.read": "Rows of a firm are read and encrypted with the highest key; none of these is written.",
  "rotate.in-transaction": "A firm's rows are written with the highest key, and audited; nothing is committed.",
  "rotate.committed": "A firm's rows are rotated, the next firm's not begun.",
  "erase.in-transaction": "A connection is erased and that audited; nothing is committed.",
  "erase.committed": "A connection is erased; the next one of its firm is not.",
  "erase.firm-in-transaction": "A firm's name and what belongs to no connection are erased; nothing is committed.",
  "erase.firm-committed": "A firm is erased; nobody has been told.",
  "maintain.step-committed": "A step of the maintenance is committed, the next one not begun.",
  "maintain.dropped-in-transaction":
    "A partition of attempts is dropped, its open failures kept, the others archived; nothing is committed.",
  "maintain.events-dropped-in-transaction": "A partition of audit events is dropped; nothing is committed.",
  "maintain.partition-in-transaction":
    "A partition is made and what it takes out of DEFAULT is moved; nothing is committed.",
  "maintain.runs-in-transaction":
    "Runs that have ended long ago are deleted with their attempts; nothing is committed.",
  "maintain.events-in-transaction": "Old audit events are deleted; nothing is committed.",
  "channel.made": "The provider has made a channel; nothing of it is stored.",
  "channel.renewed": "The provider has renewed a channel; nothing of that is stored.",
  "channel.stored": "A channel is stored; the one that it replaces goes on.",
  "channel.stopped": "The provider has ended a channel, which is stored still.",
  "notification.in-transaction": "A notification is noted and its pull sent; nothing is committed.",
  "notification.committed": "A notification is committed; its provider has no answer.",
  "stop.draining": "The process is told to stop; what it is answering goes on.",
  "stop.begun": "The attempts under way are told to stop; none is given back.",
  "stop.given-back": "All attempts are closed or given back; connections are still open.",
} as const satisfies Record<string, string>;

export type Failpoint = keyof typeof failpoints;

type Visitor = (name: Failpoint) => Promise<void> | undefined;

let visitor: Visitor | null = null;

/** Does nothing, unless a test has asked to be told: then what the test does there is waited for. */
export function failpoint(name: Failpoint): Promise<void> | undefined {
  return visitor?.(name);
}

/** For tests alone: nothing in the server calls it, so there is no way to turn failpoints on in production. Null turns them off. */
export function visitFailpoints(by: Visitor | null): void {
  visitor = by;
}
