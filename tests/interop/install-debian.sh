#!/bin/sh
# The clients of the interop matrix that pip does not bring: from Debian, and from npm into the
# directory that is the argument.
#
# ngtcp2's client, libcurl with HTTP/3 and quic-go come from bookworm-backports on bookworm, which is
# added to apt's sources if it is missing. quic-go drives out Debian's older caddy, which can be
# installed again once the client is built. May be run any number of times.
set -eu

npm_directory=$1

apt-get update -qq
. /etc/os-release
suite=
if [ "$VERSION_CODENAME" = bookworm ]; then
    suite=bookworm-backports
    if ! apt-cache policy | grep -q "$suite/main"; then
        # The mirror that the machine already uses.
        mirror=$(apt-cache policy | sed -n "s|.* \(https*://[^ ]*\) $VERSION_CODENAME/main .*|\1|p" | head -1)
        echo "deb $mirror $suite main" > "/etc/apt/sources.list.d/$suite.list"
        apt-get update -qq
    fi
fi
install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}
install ${suite:+-t "$suite"} ngtcp2-client libcurl3-gnutls \
    golang-go golang-github-lucas-clemente-quic-go-dev
install python3-pycurl chromium firefox-esr libnss3-tools
command -v npm > /dev/null || install nodejs npm

mkdir -p "$npm_directory"
npm install --prefix "$npm_directory" --no-audit --no-fund bun playwright-core puppeteer-core
