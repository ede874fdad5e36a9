import { Migration } from "@mikro-orm/migrations";
import { appRole, firmPolicies, systemRole } from "./row-level-security.js";

/**
 * Consents under way: from a manager's request to connect a calendar, over the answer of the provider, to the choice of a calendar.
 * Of the secrets that lead back here only hashes are stored; what is secret towards the provider is encrypted.
 */
export class Migration20261122000900_calendar_consents extends Migration {
  override up(): void {
    this.addSql(`
      create table calendar_consent (
        firm_id bigint not null check (firm_id > 0),
        id uuid not null,
        provider text not null check (provider in ('GOOGLE', 'MICROSOFT')),
        user_id text not null,
        owner_id text check (length(owner_id) between 1 and 200),
        connection_id bigint,
        reason text check (length(reason) <= 500),
        return_url text check (length(return_url) <= 2000),
        redirect_uri text not null,
        state_hash bytea not null check (length(state_hash) = 32),
        browser_hash bytea not null check (length(browser_hash) = 32),
        key_version integer not null check (key_version > 0),
        code_verifier bytea,
        granted bytea,
        created_at timestamptz(3) not null default now(),
        expires_at timestamptz(3) not null,
        primary key (firm_id, id),
        constraint calendar_consent_state unique (firm_id, state_hash),
        foreign key (firm_id, connection_id) references calendar_connection (firm_id, id) on delete cascade,
        constraint calendar_consent_is_for_owner_or_connection check ((owner_id is null) <> (connection_id is null)),
        -- Until the state comes back the verifier waits for the code; it is gone before what the code brings is there.
        constraint calendar_consent_verifier_is_used_once check (code_verifier is null or granted is null)
      );
      ${firmPolicies("calendar_consent")}
      create index calendar_consent_of_connection on calendar_consent (firm_id, connection_id) where connection_id is not null;
      create index calendar_consent_by_end on calendar_consent (expires_at);
      grant select, insert, update, delete on calendar_consent to ${appRole};
      -- Whose other connections live on what an account has granted.
      create index calendar_connection_of_account on calendar_connection (provider, lower(account_email));
      grant select (firm_id, id, key_version, expires_at), delete on calendar_consent to ${systemRole};
    `);
  }
}
