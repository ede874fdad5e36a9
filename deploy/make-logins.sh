#!/bin/sh
# Run by PostgreSQL's image when its data folder is empty: the three logins and the database, as README, More than one process, has them.
set -eu
password() { cat "/run/secrets/$1_password"; }

psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --set owner="$(password owner)" --set app="$(password app)" --set system="$(password system)" <<'SQL'
create role calendar_sync_owner login createrole password :'owner';
create role calendar_sync_app login password :'app';
create role calendar_sync_system login password :'system';
create database calendar_sync owner calendar_sync_owner;
SQL
