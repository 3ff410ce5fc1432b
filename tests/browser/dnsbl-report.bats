# The page of dnsbl-report in a real browser.
#
# SCREENSHOTS=DIR leaves pictures there, to be looked at.

bats_require_minimum_version 1.5.0

setup_file() {
    export BUILD=${BUILD:-$BATS_TEST_DIRNAME/../../build} SUPPORT=$BATS_TEST_DIRNAME/../support
    source "$SUPPORT/browser.bash"
    source "$SUPPORT/report.bash"
    mkdir "$BATS_FILE_TMPDIR/web"
    cd "$BATS_FILE_TMPDIR/web" || return
    "$SUPPORT/report_pool.py" 300 10 12 | report >small.html
    "$SUPPORT/report_pool.py" 10000 20 1 | report >large.html
    hostile | report >hostile.html
    browser_start "$BATS_FILE_TMPDIR/web"
}

teardown_file() {
    source "$SUPPORT/browser.bash"
    browser_stop
}

setup() {
    source "$SUPPORT/browser.bash"
    source "$SUPPORT/report.bash"
    browser_screen 1280 900 light
}

evil='</script><script>hacked = 1</script><img src=/asked onerror="hacked = 2"><!-- {{data}} &lt;'

hostile() {
    run_record 1
    zone a.test silent "$evil"
    zone '<i>b</i>' ok
    ip 1 "$listed | .results[0].reason = $(jq -n --arg evil "$evil" '$evil + "\u2028\u202e"') | .jira_issue = .results[0].reason | .results[1].zone = \"<i>b</i>\""
    end_record 1 1
}

# What the table of addresses shows: its first rows' cells, by number of the column.
column() { js 'return [...document.querySelectorAll("#addresses tbody tr")].map(row => row.cells['"$1"'].innerText.trim())'; }
count() { js 'return document.getElementById("count").textContent'; }
focused() { js 'const at = document.activeElement; return at.id || at.textContent'; }
seek() { js 'const at = document.getElementById("find"); at.value = '"$(jq -n --arg text "$1" '$text')"'; at.dispatchEvent(new Event("input"))' >/dev/null; }
choose() { js 'const at = document.getElementById("'"$1"'"); at.value = [...at.options].find(option => option.text === '"$(jq -n --arg text "$2" '$text')"').value; at.dispatchEvent(new Event("change"))' >/dev/null; }

@test "it loads without a word on the console, and asks nobody for anything" {
    for name in small large hostile; do
        before=$(web_requests)
        browser_open $name.html
        [ "$(js 'return document.getElementById("matrix").hidden')" = false ]
        [ "$(js 'return !document.getElementById("static")')" = true ]
        said=$(browser_said)
        asked=$(browser_asked)
        echo "said: $said; asked: $asked"
        [ -z "$said" ]
        [ "$(sort -u <<<"$asked" | grep -v '^data:')" = "$web_url/$name.html" ]
        [ "$(web_requests)" = $((before + 1)) ]
    done
}

@test "its policy holds: it can neither ask for anything nor run what was not written with it" {
    browser_open small.html
    before=$(web_requests)
    js 'const image = document.createElement("img"); image.src = "/image"; document.body.append(image);
        const script = document.createElement("script"); script.textContent = "hacked = 1"; document.body.append(script);
        return fetch("/fetched").catch(() => "refused")' >answer
    [ "$(cat answer)" = refused ]
    [ "$(js 'return typeof hacked')" = undefined ]
    [ "$(web_requests)" = "$before" ]
    [ "$(browser_said | grep -c 'Content Security Policy')" -ge 3 ]
}

@test "by keyboard: to the field, find, sort with Enter, open an address" {
    browser_open small.html
    keys Tab
    [ "$(focused)" = "Skip to the addresses" ]
    keys Enter Tab
    [ "$(focused)" = find ]
    keys spam
    [[ $(count) == *' of 300 addresses' ]]
    listed_first=$(column 0)
    keys Tab Tab Tab Tab
    for i in {1..8}; do [ "$(focused)" = Address ] || keys Tab; done
    [ "$(focused)" = Address ]
    keys Enter
    [ "$(focused)" = Address ]
    [ "$(js 'return document.querySelector("#addresses th").getAttribute("aria-sort")')" = ascending ]
    ascending=$(column 0)
    keys Enter
    [ "$(js 'return document.querySelector("#addresses th").getAttribute("aria-sort")')" = descending ]
    [ "$(column 0 | jq -c reverse)" = "$ascending" ]
    [ "$(jq -c sort <<<"$listed_first")" = "$(jq -c sort <<<"$ascending")" ]
    for i in {1..30}; do [ "$(js 'return document.activeElement.hasAttribute("aria-expanded")')" = true ] || keys Tab; done
    keys Enter
    [ "$(js 'return document.activeElement.getAttribute("aria-expanded")')" = true ]
    [[ $(js 'return document.querySelector("#addresses .detail").innerText') == *"SPAMCOP"*"127.0.0.5"*"https://www.example.org/query/ip/"*"<b>list</b>=SPAMCOP"* ]]
    keys Enter
    [ "$(js 'return document.querySelectorAll("#addresses .detail").length')" = 0 ]
    [ -z "$(browser_said)" ]
}

@test "filters: by text, state and list, and back" {
    browser_open small.html
    all=$(count)
    [[ $all == 300\ addresses* ]]
    seek 10.64.0.3
    [ "$(column 0 | jq 'all(startswith("10.64.0.3"))')" = true ]
    seek "10.64.0.3 nothing like it"
    [[ $(count) == "None of 300 addresses"* ]]
    seek OPS-3
    [ "$(column 14 | jq 'length > 0 and all(startswith("OPS-3"))')" = true ]
    seek ""
    choose show "listed or held"
    [ "$(column 1 | jq 'length > 0 and all(startswith("listed"))')" = true ]
    listed=$(count)
    choose list SBL
    [ "$(column 4 | jq -c unique)" = '["listed"]' ]
    [ "$(count)" != "$listed" ]
    choose show "in doubt or not checked"
    choose list "any"
    [ "$(column 1 | jq -c unique)" = '["in doubt"]' ]
    choose show "listed at some time in these runs"
    [ "$(column 1 | jq -c 'unique | length > 1')" = true ]
    js 'document.getElementById("reset").click()' >/dev/null
    [ "$(count)" = "$all" ]
    [ "$(focused)" = find ]
}

@test "10,000 addresses and 20 lists: the page holds the rows that it shows, finds, sorts and turns" {
    browser_open large.html
    [[ $(count) == "10,000 addresses, 1–100 shown" ]]
    [ "$(js 'return document.querySelectorAll("#addresses tbody tr").length')" = 100 ]
    [ "$(js 'return document.querySelectorAll("#addresses thead th").length')" = 24 ]
    [ "$(js 'return document.getElementsByTagName("*").length < 12000')" = true ]
    seek example.org
    [[ $(count) == *' of 10,000 addresses, 1–100 shown' ]]
    seek ""
    js 'document.getElementById("next").click()' >/dev/null
    [[ $(count) == "10,000 addresses, 101–200 shown" ]]
    js '[...document.querySelectorAll("#addresses thead button")].find(button => button.textContent === "SBL").click()' >/dev/null
    [ "$(column 4 | jq -c unique)" = '["listed"]' ]
    js '[...document.querySelectorAll("#addresses thead button")].find(button => button.textContent === "Address").click()' >/dev/null
    [ "$(column 0 | jq -c '.[0:2]')" = '["10.64.0.0","10.64.0.1"]' ]
    for ((i = 0; i < 99; i++)); do echo 'document.getElementById("next").click();'; done >turns
    js "$(cat turns)" >/dev/null
    [[ $(count) == "10,000 addresses, 9,901–10,000 shown" ]]
    [ "$(js 'return document.getElementById("next").disabled')" = true ]
    [ -z "$(browser_said)" ]
}

@test "the other tables are sorted, too" {
    browser_open small.html
    zones() { js 'return [...document.querySelectorAll("#zones tbody th")].map(cell => cell.textContent)'; }
    press() { js '[...document.querySelectorAll("#zones thead button")].find(button => button.textContent.startsWith("'"$1"'")).click()' >/dev/null; }
    press List
    [ "$(zones)" = "$(zones | jq -c sort)" ]
    press Health
    [ "$(zones | jq -r '.[0]')" = MAILSPIKE ]
    press "Time of"
    press "Time of"
    [ "$(zones | jq -r '.[0]')" = DNSWL ]
}

@test "hostile text stays text, and says so" {
    browser_open hostile.html
    [ "$(js 'return typeof hacked + document.images.length + document.scripts.length + document.querySelectorAll("i").length')" = undefined020 ]
    js 'document.querySelector("#addresses tbody button").click()' >/dev/null
    detail=$(js 'return document.querySelector("#addresses .detail").textContent')
    [[ $detail == *"$evil"'\226\128\168\226\128\174'* ]]
    [ "$(js 'return typeof hacked + document.images.length + document.scripts.length + document.querySelectorAll("i").length')" = undefined020 ]
    seek "onerror="
    [ "$(column 0)" = '["10.0.0.1"]' ]
    [[ $(js 'return document.getElementById("zones").textContent') == *"$evil"* ]]
    [ -z "$(browser_said)" ]
}

@test "without JavaScript the listed addresses and the lists are there" {
    cdp Emulation.setScriptExecutionDisabled '{"value": true}' >/dev/null
    browser_open small.html
    text=$(browser GET source | jq -r .)
    browser_picture plain
    cdp Emulation.setScriptExecutionDisabled '{"value": false}' >/dev/null
    [[ $text == *'<div id="matrix" hidden'* ]]
    [[ $text == *'<div id="static">'*'10.64.0.3</th>'*'127.0.0.2'* ]]
    [[ $text == *'<table id="zones"'*'unreachable'*'What to do'* ]]
}

@test "light and dark, wide and on a phone: nothing sticks out, and everything can be read" {
    browser_open small.html
    for scheme in light dark; do
        browser_screen 1280 900 $scheme
        browser_picture wide-$scheme
        back[${#back[@]}]=$(js 'return getComputedStyle(document.body).backgroundColor')
        [ "$(js "$(contrast)")" = '[]' ]
        js 'document.querySelector("#addresses tbody button").click()' >/dev/null
        [ "$(js "$(contrast)")" = '[]' ]
        browser_picture detail-$scheme
        browser_screen 390 844 $scheme phone
        [ "$(js 'return document.documentElement.scrollWidth')" -le 390 ]
        [ "$(js 'return getComputedStyle(document.querySelector("#addresses .zone")).display')" = none ]
        browser_picture phone-$scheme
        js 'document.getElementById("zones-title").scrollIntoView()' >/dev/null
        browser_picture phone-zones-$scheme
        browser_screen 1280 900 $scheme
        js 'document.getElementById("zones-title").scrollIntoView()' >/dev/null
        browser_picture zones-$scheme
        js 'document.getElementById("time-title")?.scrollIntoView()' >/dev/null
        browser_picture time-$scheme
        js 'document.querySelector("#addresses tbody button").click(); scrollTo(0, 0)' >/dev/null
    done
    [ "${back[0]}" != "${back[1]}" ]
    js 'document.getElementById("theme").click()' >/dev/null # auto, which is dark now, to light
    [ "$(js 'return getComputedStyle(document.body).backgroundColor')" = "${back[0]}" ]
    browser_open large.html
    browser_picture large
}

# Visible texts whose contrast is below that of WCAG 2.2 (1.4.3), as a script for js.
contrast() {
    cat <<'JS'
const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
const rgba = colour => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
const light = ([r, g, b]) => { const f = v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; return .2126 * f(r) + .7152 * f(g) + .0722 * f(b); };
const behind = element => { for (; element; element = element.parentElement) { const colour = rgba(getComputedStyle(element).backgroundColor); if (colour[3] === 255) return colour; } return [255, 255, 255, 255]; };
const bad = new Set();
for (const element of document.querySelectorAll("body *")) {
    if (![...element.childNodes].some(node => node.nodeType === 3 && node.data.trim()) || !element.checkVisibility() || element.closest(".word, .unseen, .skip, script, option, :disabled")) continue;
    const [a, b] = [light(rgba(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) bad.add(element.tagName + "." + element.className + " " + ((a + .05) / (b + .05)).toFixed(2));
}
return [...bad];
JS
}

@test "for a screen reader: names, headings, heads of rows and columns, and what has changed" {
    browser_open small.html
    [ "$(js 'return document.documentElement.lang + document.querySelectorAll("h1, main").length')" = en2 ]
    [ "$(js 'return [...document.querySelectorAll("button, input, select")].filter(control => !(control.labels?.length || control.textContent.trim())).length')" = 0 ]
    [ "$(js 'return [...document.querySelectorAll("th")].filter(head => !head.scope).length')" = 0 ]
    [ "$(js 'return [...document.querySelectorAll("#addresses tbody .zone")].filter(cell => !cell.innerText.trim()).length')" = 0 ]
    [ "$(js 'return document.querySelector("#count").getAttribute("role")')" = status ]
    cdp Accessibility.getFullAXTree '{}' >tree
    names() { jq -r --arg role "$1" '.nodes[] | select(.role.value == $role and (.ignored | not)) | .name.value' tree; }
    [ "$(names heading | paste -sd,)" = "DNSBL report,The pool now,The lists,Listed addresses over time" ]
    [[ $(names searchbox) == Find* ]]
    [ "$(names combobox | paste -sd,)" = "Show,List" ] || [[ $(names combobox | paste -sd,) == Show*,List* ]]
    names image | grep -q '^from [0-9]* to [0-9]*, at most [0-9]*$'
    names rowheader | grep -qx 10.64.0.3
    names cell | grep -qx listed || names gridcell | grep -qx listed
}
