#!/bin/sh
# The judges of docs/deploy that pip does not bring, from Debian: nginx, HAProxy and systemd. From
# trixie on nginx and HAProxy speak HTTP/3; on bookworm the tests of that are skipped.
# May be run any number of times.
set -eu

apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    nginx-light libnginx-mod-stream haproxy systemd
