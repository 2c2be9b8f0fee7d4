#!/bin/sh
# Makes what docker-compose.yml reads from secrets/: random, new, and only what is not there yet.
# `sh deploy/compose/make_secrets.sh [FOLDER]`; needs nothing but coreutils.
set -eu
folder=${1:-secrets}

mkdir -p "$folder"
# The folder keeps others on this machine out. The files can be read by the containers' own users, who are nobody here.
chmod 700 "$folder"

make_secret() {
    [ -s "$folder/$1" ] && return
    head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n' > "$folder/$1"
    chmod 644 "$folder/$1"
    echo "made $folder/$1"
}

hash_of() {
    sha256sum < "$folder/$1" | cut -d ' ' -f 1
}

for name in clickhouse_password clickhouse_grafana_password grafana_admin_password personal_data_key; do
    make_secret "$name"
done

# ClickHouse reads hashes only.
cat > "$folder/clickhouse_users.xml" <<XML
<clickhouse>
    <users>
        <milepost><password_sha256_hex>$(hash_of clickhouse_password)</password_sha256_hex></milepost>
        <grafana><password_sha256_hex>$(hash_of clickhouse_grafana_password)</password_sha256_hex></grafana>
    </users>
</clickhouse>
XML
chmod 644 "$folder/clickhouse_users.xml"
