import type { ComparedConnection } from "./comparison.js";

/** As text: a line a connection. */
export function comparisonTable(connections: readonly ComparedConnection[]): string {
  const width = Math.max(...connections.map(({ name }) => name.length));
  const lines = connections.map((connection) =>
    [
      connection.id.padStart(10),
      connection.provider.padEnd(providerWidth),
      connection.name.padEnd(width),
      String(connection.appointments).padStart(12),
      equality(connection),
    ].join("  "),
  );
  const head = [
    "connection",
    "provider".padEnd(providerWidth),
    "calendar".padEnd(width),
    "appointments",
    "equal to the provider",
  ];
  return ["", head.join("  "), ...lines, ""].join("\n");
}

const providerWidth = "MICROSOFT".length;

function equality({ hasSynced, failure, different }: ComparedConnection): string {
  if (!hasSynced) return `- not synced: ${failure ?? "still waiting"}`;
  return different === 0 ? "yes" : `no: ${different} differ`;
}
