/**
 * The wall between firms. Every table is under forced row level security: the application's login sees the rows of the firm its
 * session is bound to (`app.firm_id`, set by src/database/firm-scope.ts) and none without one. The system login (scheduling, status,
 * verify) and the owner (migrations, maintenance) cross firms and have policies of their own.
 */
const boundFirm = "nullif(current_setting('app.firm_id', true), '')::bigint";

/** Names the group roles that logins are members of; src/database makes sure that they exist. */
export const appRole = "calendar_sync_app_role";
export const systemRole = "calendar_sync_system_role";

/** The statements that put a table under row level security. `firmColumn` names the column that holds the firm. */
export function firmPolicies(table: string, firmColumn = "firm_id"): string {
  return `
    alter table ${table} enable row level security;
    alter table ${table} force row level security;
    create policy bound_firm on ${table} to ${appRole}
      using (${firmColumn} = ${boundFirm}) with check (${firmColumn} = ${boundFirm});
    create policy every_firm on ${table} to ${systemRole} using (true) with check (true);
    create policy owner_every_firm on ${table} to current_user using (true) with check (true);
  `;
}
