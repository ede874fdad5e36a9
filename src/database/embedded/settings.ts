/**
 * Given on the command line at every start, so that they are always those of this version. Sized for one machine that also runs
 * the server; jit costs more than it gains on short queries. Failed statements stay out of the log: they hold personal data.
 */
export const clusterSettings: Readonly<Record<string, string>> = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  cluster_name: "calendar-sync",
  max_connections: "100",
  shared_buffers: "128MB",
  work_mem: "8MB",
  maintenance_work_mem: "128MB",
  effective_cache_size: "1GB",
  random_page_cost: "1.1",
  jit: "off",
  timezone: "UTC",
  log_timezone: "UTC",
  log_min_error_statement: "panic",
  log_min_messages: "warning",
  log_checkpoints: "off",
  password_encryption: "scram-sha-256",
};

/** For clusters that are thrown away: nothing survives a power cut, everything is faster. */
export const throwAwaySettings: Readonly<Record<string, string>> = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  max_wal_size: "2GB",
};
