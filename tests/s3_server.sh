#!/usr/bin/env bash
# A real S3 server for the tests: one Ceph monitor, one storage daemon that keeps its objects in memory, and
# the RADOS gateway in front. It checks signatures and honours conditional writes; everything is gone when it stops.
#
#   sudo tests/s3_server.sh start DIR [PORT]   installs Ceph where it is missing (Debian, Ubuntu), starts, prints
#                                              the environment for the tests as `export` lines
#   sudo tests/s3_server.sh stop DIR           ends what was started in DIR and removes DIR
#   sudo tests/s3_server.sh install            installs Ceph and no more; fails where that cannot be done
#
# Typical use:  eval "$(tests/s3_server.sh start /tmp/s3)"; pytest -m radosgw; tests/s3_server.sh stop /tmp/s3
set -eEuo pipefail

access_key=vigie
secret_key=only-for-tests-on-loopback
bucket=vigie-tests

say() { echo "s3_server: $*" >&2; }

install_ceph() {
    local missing=()
    command -v ceph-mon >/dev/null || missing+=(ceph-mon)
    command -v ceph-osd >/dev/null || missing+=(ceph-osd)
    command -v radosgw >/dev/null || missing+=(radosgw)
    command -v ceph >/dev/null || missing+=(ceph-common)
    command -v curl >/dev/null || missing+=(curl)
    [ ${#missing[@]} -eq 0 ] && return
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        say "cannot install ${missing[*]}: this needs root and Debian's or Ubuntu's packages"
        return 1
    fi
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >&2 && apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

uuid() { cat /proc/sys/kernel/random/uuid; }

write_config() { # FOLDER CLUSTER PORT
    cat >"$1/ceph.conf" <<CONF
[global]
    fsid = $2
    mon_host = v2:127.0.0.1:$(($3 + 1))
    mon_initial_members = solo
    public_addr = 127.0.0.1
    ms_bind_ipv6 = false
    run_dir = $1/run
    admin_socket = $1/run/\$name.sock
    pid_file = $1/run/\$name.pid
    log_file = $1/run/\$name.log
    keyring = $1/keyring
    mon_data = $1/mon
    osd_data = $1/osd
    # One daemon on one machine: a single copy of everything, in as few pieces as possible
    osd_pool_default_size = 1
    osd_pool_default_min_size = 1
    osd_pool_default_pg_num = 1
    osd_pool_default_pg_autoscale_mode = off
    osd_crush_chooseleaf_type = 0
    mon_allow_pool_size_one = true
    mon_max_pg_per_osd = 1000
    mon_data_avail_warn = 2
    mon_data_avail_crit = 1
    auth_allow_insecure_global_id_reclaim = true
    osd_objectstore = memstore
    memstore_device_bytes = 4294967296
    osd_fast_shutdown = true
[client.rgw.solo]
    rgw_frontends = beast endpoint=127.0.0.1:$3 tcp_nodelay=1
    # No background work: nothing lives long enough here to need it
    rgw_enable_gc_threads = false
    rgw_enable_lc_threads = false
    rgw_enable_quota_threads = false
    rgw_run_sync_thread = false
    rgw_dynamic_resharding = false
CONF
}

make_keys() { # FOLDER
    local ring=$1/keyring
    ceph-authtool --create-keyring "$ring" --gen-key -n mon. --cap mon 'allow *' >/dev/null
    ceph-authtool "$ring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' >/dev/null
    ceph-authtool "$ring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *' >/dev/null
    ceph-authtool "$ring" --gen-key -n client.rgw.solo --cap mon 'allow rw' --cap osd 'allow rwx' >/dev/null
}

start_monitor() { # FOLDER CLUSTER PORT
    monmaptool --create --fsid "$2" --addv solo "[v2:127.0.0.1:$(($3 + 1))]" "$1/monmap" >/dev/null
    ceph-mon -i solo --mkfs --monmap "$1/monmap" --keyring "$1/keyring"
    ceph-mon -i solo
}

start_storage() {
    local id
    id=$(uuid)
    timeout 900 ceph osd new "$id" >/dev/null
    ceph-osd -i 0 --mkfs --osd-uuid "$id" 2>/dev/null
    ceph-osd -i 0 >/dev/null
}

start_gateway() { # PORT
    timeout 900 radosgw -n client.rgw.solo
    for _ in $(seq 4500); do
        curl -s -o /dev/null "http://127.0.0.1:$1/" && return
        sleep 0.2
    done
    say "the gateway does not answer on port $1"
    return 1
}

make_bucket() { # PORT
    radosgw-admin user create --uid=vigie --display-name=Vigie \
        --access-key="$access_key" --secret-key="$secret_key" >/dev/null
    # Older versions of curl sign this header only if it is given: the sha256 of no bytes at all
    curl -sS -f -o /dev/null -X PUT -H "x-amz-content-sha256: $(sha256sum </dev/null | cut -d' ' -f1)" --user "$access_key:$secret_key" --aws-sigv4 aws:amz:us-east-1:s3 \
        "http://127.0.0.1:$1/$bucket"
}

start() {
    local folder=${1:?DIR} port=${2:-7480} cluster
    if [ -e "$folder/ceph.conf" ]; then
        say "$folder holds a server already: stop it first"
        exit 2
    fi
    install_ceph
    mkdir -p "$folder"/{mon,osd,run}
    folder=$(cd "$folder" && pwd)
    cluster=$(uuid)
    export CEPH_CONF=$folder/ceph.conf
    trap 'say "could not start"; stop "$folder"' ERR
    write_config "$folder" "$cluster" "$port"
    make_keys "$folder"
    start_monitor "$folder" "$cluster" "$port"
    start_storage
    start_gateway "$port"
    make_bucket "$port"
    echo "export VIGIE_RADOSGW_ENDPOINT=http://127.0.0.1:$port VIGIE_RADOSGW_BUCKET=$bucket"
    echo "export VIGIE_RADOSGW_ACCESS_KEY=$access_key VIGIE_RADOSGW_SECRET_KEY=$secret_key"
}

alive() { # FOLDER: the process ids, one a line, of the daemons started there that still run
    local file id
    for file in "$1"/run/*.pid; do
        [ -s "$file" ] || continue
        id=$(cat "$file")
        # A number may have been given to another program since: ours name this folder's configuration
        if tr '\0' '\n' <"/proc/$id/environ" 2>/dev/null | grep -qxF "CEPH_CONF=$1/ceph.conf"; then echo "$id"; fi
    done
}

stop() {
    local folder=${1:?DIR} id
    if [ ! -e "$folder/ceph.conf" ]; then
        say "no server in $folder"
        exit 2
    fi
    folder=$(cd "$folder" && pwd)
    for id in $(alive "$folder"); do kill "$id" || true; done
    for _ in $(seq 30); do
        [ -z "$(alive "$folder")" ] && break
        sleep 0.1
    done
    for id in $(alive "$folder"); do kill -KILL "$id" || true; done
    rm -rf "$folder"
}

case ${1:-} in
start) start "${@:2}" ;;
stop) stop "${@:2}" ;;
install) install_ceph ;;
*)
    say "usage: $0 start DIR [PORT] | stop DIR | install"
    exit 2
    ;;
esac
