#!/bin/sh
# Make sure that the browser the tests drive is there: Debian's Chromium, installed where the user may install it.
for name in "${MEDSEARCH_CHROMIUM:-}" chromium chromium-browser google-chrome; do
    if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then
        exit 0
    fi
done
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    echo "Installing Chromium from Debian's packages for the browser tests…" >&2
    log=$(mktemp)
    if apt-get update >"$log" 2>&1 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium fonts-noto-cjk fonts-roboto-unhinted >>"$log" 2>&1; then
        rm -f "$log"
        exit 0
    fi
    tail -n 5 "$log" >&2
    rm -f "$log"
fi
echo "The browser tests need Chromium and will be skipped. Install it (Debian: apt-get install chromium) or set MEDSEARCH_CHROMIUM." >&2
exit 0
