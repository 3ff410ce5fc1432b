# shellcheck shell=bash
# Chromium without a screen, through the WebDriver protocol (https://www.w3.org/TR/webdriver2/) of Debian's
# chromium-driver, and a web server on loopback that tells what was asked of it.

# shellcheck source=tests/support/wait.bash
source "$SUPPORT/wait.bash"

# browser_start DIR: serves DIR. What the browser says is in DIR.browser.
browser_start() {
    browser_dir=$1.browser
    mkdir -p "$browser_dir/profile"
    chromedriver --port=0 >"$browser_dir/driver.log" 2>&1 3>&- &
    browser_driver=$!
    python3 -u -m http.server --bind 127.0.0.1 --directory "$1" 0 >"$browser_dir/web.log" 2>&1 3>&- &
    browser_web=$!
    browser_until grep -q 'started successfully on port' "$browser_dir/driver.log"
    browser_until grep -q 'port [0-9]' "$browser_dir/web.log"
    driver_url=http://127.0.0.1:$(sed -n 's/.*started successfully on port \([0-9]*\).*/\1/p' "$browser_dir/driver.log")
    web_url=http://127.0.0.1:$(sed -n 's/.* port \([0-9]*\).*/\1/p' "$browser_dir/web.log")
    # As root, and without a network: no sandbox, no proxy, nothing that the browser would look up for itself.
    driver_session=$(driver POST session "$(jq -n --arg profile "$browser_dir/profile" '{capabilities: {alwaysMatch: {
        "goog:loggingPrefs": {browser: "ALL", performance: "ALL"},
        "goog:chromeOptions": {args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-proxy-server",
            "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-crash-reporter", "--lang=en-US", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            "--user-data-dir=\($profile)"]}}}}')" | jq -er .value.sessionId)
    export browser_dir browser_driver browser_web driver_url web_url driver_session
}

# Ends what browser_start started.
browser_stop() {
    [ -z "${driver_session:-}" ] || driver DELETE "session/$driver_session" >/dev/null || true
    [ -z "${browser_web:-}" ] || kill "$browser_web" 2>/dev/null || true
    [ -z "${browser_driver:-}" ] || kill "$browser_driver" 2>/dev/null || true
    wait "$browser_web" "$browser_driver" || true
}

# browser_until COMMAND...: waits until it succeeds, three minutes at most.
browser_until() {
    ! wait_for 180 "$@" || return 0
    echo "not within three minutes: $*" >&2
    cat "$browser_dir"/*.log >&2
    return 1
}

# driver METHOD PATH [BODY]
driver() { curl -sS --noproxy '*' --max-time 300 -X "$1" -H 'Content-Type: application/json' ${3:+--data-binary "$3"} "$driver_url/$2"; }

# browser METHOD PATH [BODY]: in the session; prints the value, fails when it is an error.
browser() {
    local answer
    answer=$(driver "$1" "session/$driver_session/$2" "${3:-}") || return
    if [[ $(jq -r '.value | objects | .error // ""' <<<"$answer") != "" ]]; then
        jq -r '.value.message' <<<"$answer" >&2
        return 1
    fi
    jq -c .value <<<"$answer"
}

# browser_open FILE: and forgets what was said and asked before.
browser_open() {
    browser POST url '{"url": "about:blank"}' >/dev/null
    browser POST log '{"type": "browser"}' >/dev/null
    browser POST log '{"type": "performance"}' >/dev/null
    browser POST url "$(jq -n --arg url "$web_url/$1" '{url: $url}')" >/dev/null
}

# js BODY: runs it in the page, prints what it returns, strings without quotes.
js() { browser POST execute/sync "$(jq -n --arg body "$1" '{script: $body, args: []}')" | jq -rc .; }

# keys TEXT...: presses keys, each TEXT one after the other; a key's name such as Tab is that key.
keys() {
    local codes
    # https://www.w3.org/TR/webdriver2/#keyboard-actions
    codes=$(jq -nc '{Tab: "\ue004", Enter: "\ue006", Escape: "\ue00c", Space: " ", Backspace: "\ue003"} as $names
        | [$ARGS.positional[] | $names[.] // . | split("")[]] | map({type: "keyDown", value: .}, {type: "keyUp", value: .})' --args "$@")
    browser POST actions "$(jq -nc --argjson codes "$codes" '{actions: [{type: "key", id: "keyboard", actions: $codes}]}')" >/dev/null
}

# cdp COMMAND PARAMETERS: https://chromedevtools.github.io/devtools-protocol/
cdp() { browser POST goog/cdp/execute "$(jq -n --arg cmd "$1" --argjson params "$2" '{$cmd, $params}')"; }

# browser_screen WIDTH HEIGHT light|dark [phone]
browser_screen() {
    cdp Emulation.setDeviceMetricsOverride "$(jq -n --argjson mobile "$([ -n "${4:-}" ] && echo true || echo false)" \
        '{width: '"$1"', height: '"$2"', deviceScaleFactor: 1, $mobile}')" >/dev/null
    cdp Emulation.setEmulatedMedia '{"features": [{"name": "prefers-color-scheme", "value": "'"$3"'"}]}' >/dev/null
}

# browser_picture NAME: a picture of the screen in $SCREENSHOTS, if that is set.
browser_picture() {
    [ -z "${SCREENSHOTS:-}" ] || browser GET screenshot | jq -r . | base64 -d >"$SCREENSHOTS/$1.png"
}

# What the browser had to say: errors, warnings, refused requests.
browser_said() { browser POST log '{"type": "browser"}' | jq -r '.[].message'; }

# The addresses that it asked for.
browser_asked() {
    browser POST log '{"type": "performance"}' | jq -r '.[].message | fromjson.message
        | select(.method == "Network.requestWillBeSent" or .method == "Network.webSocketCreated") | .params.request.url // .params.url'
}

# Lines that the web server has logged.
web_requests() { grep -c '"[A-Z]* /' "$browser_dir/web.log" || true; }
