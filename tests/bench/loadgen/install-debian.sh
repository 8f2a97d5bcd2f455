#!/bin/sh
# What the native load client is built of, from Debian: a Go compiler and quic-go.
#
# quic-go has to be 0.46 or newer. trixie has it; on bookworm it comes from bookworm-backports,
# which is added to apt's sources if it is missing. Debian's older caddy gives way to it; it can be
# installed again once the client is built, which `make load-client` does.
set -eu

library=golang-github-lucas-clemente-quic-go-dev
wanted=0.46

newest() {
    apt-cache madison "$library" | cut -d'|' -f2 | tr -d ' ' | sort -V | tail -1
}

apt-get update -qq
suite=
if ! dpkg --compare-versions "$(newest)" ge "$wanted"; then
    . /etc/os-release
    suite="$VERSION_CODENAME-backports"
    # The mirror that the machine already uses.
    mirror=$(apt-cache policy | sed -n "s|.* \(https*://[^ ]*\) $VERSION_CODENAME/main .*|\1|p" | head -1)
    echo "deb $mirror $suite main" > "/etc/apt/sources.list.d/$suite.list"
    apt-get update -qq
fi
apt-get install -y --no-install-recommends ${suite:+-t "$suite"} golang-go "$library"
