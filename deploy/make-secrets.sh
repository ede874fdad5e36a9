#!/bin/sh
# Makes the files of deploy/secrets/ that compose.yaml names, each once: what is there stays as it is.
# That of the OAuth application is made empty: fill it in before the first start.
set -eu
umask 077
cd "$(dirname "$0")"
mkdir -p secrets

# The server runs as another user than the one who owns the files: the folder keeps others out, not the files' modes.
chmod 700 secrets

random() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }
keep() {
  if [ ! -e "secrets/$1" ]; then
    cat > "secrets/$1.new"
    chmod 644 "secrets/$1.new"
    mv "secrets/$1.new" "secrets/$1"
  fi
}
password() { cat "secrets/$1_password"; }

for login in postgres owner app system; do
  random 24 | keep "${login}_password"
done
for login in owner app system; do
  printf 'postgresql://calendar_sync_%s:%s@postgres:5432/calendar_sync' "$login" "$(password "$login")" | keep "database_${login}_url"
done
random 32 | keep jwt_secret
printf '1:%s' "$(head -c 32 /dev/urandom | base64)" | keep credentials_keys
: | keep google_client_secret
