/** Roles, each including what the ones before it may do. */
export const roles = ["client", "staff", "manager", "partner", "firm_admin"] as const;
export type Role = (typeof roles)[number];

/** Who asks: the token's user, acting for one firm. */
export interface Actor {
  userId: string;
  /** Decimal text of a positive int64. */
  firmId: string;
  role: Role;
  name: string | null;
}

/** Staff is any role but client. */
export function isStaff(actor: Actor): boolean {
  return actor.role !== "client";
}

/** Managers and above use the admin operations. */
export function isManager(actor: Actor): boolean {
  return roles.indexOf(actor.role) >= roles.indexOf("manager");
}
