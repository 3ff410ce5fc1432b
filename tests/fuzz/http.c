/*
 * The requests of jira-sync, above libcurl: what it makes of headers, bodies, statuses, and of the waits that a
 * server asks for. libcurl is a script here (it is fuzzed by its own project): a line of the input is a transfer,
 *
 *     RESULT STATUS RETRY-AFTER SENT TIMES HEADER<tab>BODY
 *
 * with the CURLcode, the bytes of the request that were sent, and how often the body comes. When the lines are used
 * up the server does not answer. Time passes in its own waits alone.
 */
#define CURL_DISABLE_TYPECHECK
#include "../../tools/jira-sync/http.c"

#include <errno.h>

#include "fuzz.h"

#undef curl_easy_setopt
#undef curl_easy_getinfo

#define REQUESTS 4
#define TURNS_MOST 2000

/* --- libcurl --- */

struct transfer {
    struct transfer *next;
    struct exchange *exchange;
    long result, status, sent;
    long long retry_after;
    CURLMsg message;
};

static struct transfer *running; /* added, and not told of yet */
static struct transfer *told;    /* the last that was */
static char *script;
static int64_t now;

static int64_t steady(void)
{
    return now;
}

static bool wait_for(int64_t milliseconds)
{
    now += milliseconds;
    return true;
}

CURLcode curl_global_init(long flags)
{
    (void)flags;
    return CURLE_OK;
}

void curl_global_cleanup(void)
{
}

CURLM *curl_multi_init(void)
{
    return (CURLM *)&running;
}

CURLMcode curl_multi_cleanup(CURLM *multi)
{
    (void)multi;
    HOLDS(!running);
    return CURLM_OK;
}

CURL *curl_easy_init(void)
{
    return calloc(1, sizeof(struct transfer));
}

void curl_easy_cleanup(CURL *easy)
{
    told = told == easy ? NULL : told;
    free(easy);
}

CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    va_list arguments;

    va_start(arguments, option);
    if (option == CURLOPT_PRIVATE)
        ((struct transfer *)easy)->exchange = va_arg(arguments, struct exchange *);
    va_end(arguments);
    return CURLE_OK;
}

CURLcode curl_easy_getinfo(CURL *easy, CURLINFO info, ...)
{
    const struct transfer *transfer = easy;
    va_list arguments;
    void *to;

    va_start(arguments, info);
    to = va_arg(arguments, void *);
    va_end(arguments);
    if (info == CURLINFO_PRIVATE)
        *(struct exchange **)to = transfer->exchange;
    else if (info == CURLINFO_RESPONSE_CODE)
        *(long *)to = transfer->status;
    else if (info == CURLINFO_REQUEST_SIZE)
        *(long *)to = transfer->sent;
    else if (info == CURLINFO_RETRY_AFTER)
        *(curl_off_t *)to = transfer->retry_after;
    else
        HOLDS(false);
    return CURLE_OK;
}

const char *curl_easy_strerror(CURLcode code)
{
    (void)code;
    return "an error of libcurl";
}

CURLMcode curl_multi_add_handle(CURLM *multi, CURL *easy)
{
    struct transfer *transfer = easy;

    (void)multi;
    transfer->next = running;
    running = transfer;
    return CURLM_OK;
}

CURLMcode curl_multi_remove_handle(CURLM *multi, CURL *easy)
{
    struct transfer **at = &running;

    (void)multi;
    while (*at && *at != easy)
        at = &(*at)->next;
    if (*at)
        *at = (*at)->next;
    return CURLM_OK;
}

CURLMcode curl_multi_perform(CURLM *multi, int *count)
{
    (void)multi;
    *count = running != NULL;
    return CURLM_OK;
}

CURLMcode curl_multi_poll(CURLM *multi, struct curl_waitfd extra[], unsigned count, int timeout_ms, int *ready)
{
    (void)multi, (void)extra, (void)count, (void)ready;
    if (!running)
        now += timeout_ms;
    return CURLM_OK;
}

struct curl_slist *curl_slist_append(struct curl_slist *list, const char *text)
{
    (void)text;
    return list ? list : calloc(1, sizeof *list);
}

void curl_slist_free_all(struct curl_slist *list)
{
    free(list);
}

/* --- what the server does --- */

static struct {
    bool repeatable, done, may_be_done;
    struct http_answer answer;
} requests[REQUESTS];

static void receive(struct transfer *transfer, char *header, char *body, long times)
{
    char request[16];

    if (transfer->exchange->body)
        HOLDS(give_body(request, 1, sizeof request, transfer->exchange) <= sizeof request);
    if (header)
        take_header(header, 1, strlen(header), transfer->exchange);
    for (long i = 0; body && i < times; i++)
        if (take_answer(body, 1, strlen(body), transfer->exchange) != strlen(body))
            transfer->result = CURLE_WRITE_ERROR;
    HOLDS(transfer->exchange->filled <= HTTP_ANSWER_MAX);
}

/* Plays the next line of the script for a transfer. */
static void play(struct transfer *transfer)
{
    char *line = fuzz_cut(&script, "\n"), *header = NULL;
    size_t index = (size_t)(uintptr_t)transfer->exchange->context;
    long times = 1;
    int rest = 0;

    HOLDS(requests[index].repeatable || !requests[index].may_be_done);
    if (!line || sscanf(line, "%3ld %3ld %18lld %6ld %2ld %n", &transfer->result, &transfer->status,
                        &transfer->retry_after, &transfer->sent, &times, &rest) < 5) {
        now += ANSWER_TIMEOUT_S * 1000;
        *transfer = (struct transfer){.exchange = transfer->exchange, .result = CURLE_OPERATION_TIMEDOUT, .sent = 1};
        requests[index].may_be_done = true;
        return;
    }
    transfer->result = labs(transfer->result);
    transfer->sent = labs(transfer->sent);
    transfer->retry_after = llabs(transfer->retry_after); /* as libcurl: never below 0 */
    line += rest;
    header = fuzz_cut(&line, "\t");
    receive(transfer, header, line, times);
    requests[index].may_be_done = transfer->result ? transfer->sent != 0 : transfer->status != 429;
}

CURLMsg *curl_multi_info_read(CURLM *multi, int *left)
{
    struct transfer *transfer = running;

    (void)multi;
    *left = 0;
    if (!transfer)
        return NULL;
    running = transfer->next;
    play(transfer);
    transfer->message =
        (CURLMsg){.msg = CURLMSG_DONE, .easy_handle = transfer, .data.result = (CURLcode)transfer->result};
    told = transfer;
    return &transfer->message;
}

/* --- what jira-sync makes of it --- */

static void on_done(void *context, const struct http_answer *answer)
{
    size_t index = (size_t)(uintptr_t)context;

    HOLDS(!requests[index].done);
    requests[index].done = true;
    HOLDS(answer->outcome == HTTP_STOPPED || answer->problem);
    if (answer->outcome == HTTP_UNCERTAIN)
        HOLDS(!requests[index].repeatable && requests[index].may_be_done);
    if (answer->outcome == HTTP_FAILED)
        HOLDS(requests[index].repeatable || !requests[index].may_be_done);
    if (answer->outcome != HTTP_ANSWERED)
        return;
    HOLDS(answer->status != 401 && answer->status != 403 && answer->status != 408 && answer->status != 429);
    HOLDS(answer->status < 500 && (answer->body || answer->status == 204 || answer->status >= 300));
}

static void run(void)
{
    static const struct clock clock = {steady, wait_for};
    struct http *http;
    size_t sent = 0, done = 0;

    now = 1000;
    running = told = NULL;
    clock_replace(&clock);
    http = http_open("https://jira.example", NULL, "token", 2, "no more of it");
    for (int turns = 0; done < REQUESTS; turns++) {
        HOLDS(turns < TURNS_MOST);
        while (sent < REQUESTS && (http_free(http) > 0 || http_verdict(http) != HTTP_WORKS)) {
            requests[sent].repeatable = sent % 2 == 0;
            http_send(http, sent % 2 ? "POST" : "GET", "/rest", sent % 2 ? json_pack("{s:s}", "a", "b") : NULL,
                      requests[sent].repeatable, on_done, (void *)(uintptr_t)sent);
            sent++;
        }
        http_wait(http, NULL, 0, 1000);
        done = 0;
        for (size_t i = 0; i < sent; i++)
            done += requests[i].done;
    }
    /* Trouble costs a minute, the one wait that goes beyond it, and what was under way then. */
    HOLDS(http->lost_ms <= HTTP_BUDGET_MS + (HTTP_BUDGET_MS / 1000 + 1 + ANSWER_TIMEOUT_S) * 1000);
    http_close(http);
    clock_replace(NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);

    script = text;
    memset(requests, 0, sizeof requests);
    fuzz_begin("", 0, 1);
    run();
    fuzz_end();
    free(text);
    return 0;
}
