#!/bin/sh
# Creates the role of the servers (docs/operation.md, "A database role for the server"), in the container of Postgres.
set -eu
psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" \
  --set=password="$POSTGRES_SERVER_PASSWORD" <<'SQL'
create role filedesk_server login password :'password';
SQL
