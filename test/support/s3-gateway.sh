#!/usr/bin/env bash
# A real S3 store for the tests: Ceph's RADOS Gateway with one monitor and one OSD, on 127.0.0.1. Its objects are in
# memory, or in a file of so many GiB below FOLDER, for more than memory has room for.
# usage: s3-gateway.sh FOLDER GATEWAY_PORT MONITOR_PORT OWNER_PID [GIB_ON_DISK]
# Writes FOLDER/ready when it takes requests, with the key `test` and the secret `test-secret`. Ends, and removes the
# folder, when the process OWNER_PID has ended.
set -euo pipefail
folder=$1 port=$2 monitor=$3 owner=$4 disk_gib=${5:-}
children=()
stop() {
  for child in "${children[@]}"; do kill -9 "$child" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 0' TERM INT

# On a slow machine an OSD may send its first command before it has been told of which cluster it is ("wrong fsid"): it
# ends then, and has to be started again.
start_osd() {
  ceph-osd -f -i "$number" &
  osd=$!
  children+=("$osd")
}

object_store="osd objectstore = memstore
memstore device bytes = $((4 << 30))"
[ -z "$disk_gib" ] || object_store="osd objectstore = bluestore
bluestore block size = $((disk_gib << 30))
osd memory target = $((1 << 30))"

mkdir -p "$folder"/{mon,osd,run,log}
export CEPH_CONF="$folder/ceph.conf"
cluster=$(cat /proc/sys/kernel/random/uuid)
cat >"$CEPH_CONF" <<CONF
[global]
fsid = $cluster
mon host = [v1:127.0.0.1:$monitor]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
auth cluster required = none
auth service required = none
auth client required = none
run dir = $folder/run
admin socket = $folder/run/\$name.asok
pid file = $folder/run/\$name.pid
log file = $folder/log/\$name.log
keyring = $folder/keyring
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 1000
[mon]
mon data = $folder/mon
mon initial members = a
mon cluster log file = $folder/log/cluster.log
mon data avail crit = 1
paxos propose interval = 0.02
paxos min wait = 0.01
mon osd min up ratio = 0
[osd]
osd data = $folder/osd
$object_store
osd class load list = *
osd class default list = *
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:$port
rgw enable usage log = false
rgw enable lc threads = false
rgw run sync thread = false
rgw dns name = localhost
rgw thread pool size = 64
rgw num rados handles = 1
CONF
{
  : >"$folder/keyring"
  ceph-authtool "$folder/keyring" --create-keyring --gen-key -n mon. --cap mon 'allow *'
  ceph-authtool "$folder/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
  monmaptool --create --clobber --fsid "$cluster" --addv a "[v1:127.0.0.1:$monitor]" "$folder/monmap"
  ceph-mon --mkfs -i a --monmap "$folder/monmap" --keyring "$folder/keyring"
  ceph-mon -f -i a &
  children+=($!)
  disk=$(cat /proc/sys/kernel/random/uuid)
  number=$(timeout 60 ceph osd new "$disk")
  ceph-osd -i "$number" --mkfs --osd-uuid "$disk"
  start_osd
  radosgw -f -n client.rgw &
  children+=($!)
  until curl -fso /dev/null "http://127.0.0.1:$port/"; do
    kill -0 "$owner"
    kill -0 "$osd" || start_osd
    sleep 0.1
  done
  radosgw-admin user create --uid=test --display-name=test --access-key=test --secret-key=test-secret --max-buckets=0
} >"$folder/log/start.log" 2>&1
touch "$folder/ready"
while kill -0 "$owner" 2>/dev/null; do sleep 1; done
