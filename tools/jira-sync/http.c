#include "http.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "loopback.h"
#include "memory.h"
#include "report.h"
#include "retry.h"
#include "sysexits.h"

#define CONNECT_TIMEOUT_S 10L
#define ANSWER_TIMEOUT_S 30L
#define IDLE_CONNECTION_S 5L /* servers close idle connections; reusing one just then loses an answer */
#define EXTRA_FDS_MAX 4

struct exchange {
    struct exchange *next;
    CURL *easy; /* NULL while it waits for its next try */
    const char *method;
    char *url;
    char *body; /* NULL: none */
    size_t length, sent;
    char *answer;
    size_t filled, size;
    bool repeatable, login_failed, finished;
    struct retry retry;
    int64_t started,
        due; /* steady ms; due: when the next try may begin, unless the server has asked us to wait longer */
    char error[CURL_ERROR_SIZE];
    http_done *done;
    void *context;
};

struct http {
    const char *base, *user, *token, *consequence;
    unsigned concurrency, busy;
    CURLM *multi;
    struct curl_slist *headers;
    bool direct; /* no proxy, whatever the environment says */
    struct exchange *exchanges;
    int64_t lost_ms, lost_until, paused_until;
    enum http_verdict verdict;
};

struct http *http_open(const char *base, const char *user, const char *token, unsigned concurrency,
                       const char *consequence)
{
    static const char *const headers[] = {"Accept: application/json", "Content-Type: application/json", "Expect:"};
    struct http *http = memory_new(1, sizeof *http);

    *http = (struct http){
        .base = base, .user = user, .token = token, .consequence = consequence, .concurrency = concurrency};
    http->direct = !strncasecmp(base, "http://", strlen("http://")) && loopback_left_by_proxy();
    signal(SIGPIPE, SIG_IGN); /* from a connection that the server closed */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(http->multi = curl_multi_init()))
        die(EXIT_BUG, "system_error", "libcurl cannot be started");
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        http->headers = memory_check(curl_slist_append(http->headers, headers[i]));
    return http;
}

static void detach(struct http *http, struct exchange *exchange)
{
    if (!exchange->easy)
        return;
    curl_multi_remove_handle(http->multi, exchange->easy);
    curl_easy_cleanup(exchange->easy);
    exchange->easy = NULL;
}

static void release(struct http *http, struct exchange *exchange)
{
    detach(http, exchange);
    free(exchange->url);
    free(exchange->body);
    free(exchange->answer);
    free(exchange);
}

void http_close(struct http *http)
{
    while (http->exchanges) {
        struct exchange *exchange = http->exchanges;

        http->exchanges = exchange->next;
        release(http, exchange);
    }
    curl_multi_cleanup(http->multi);
    curl_slist_free_all(http->headers);
    free(http);
    curl_global_cleanup();
}

enum http_verdict http_verdict(const struct http *http)
{
    return http->verdict;
}

unsigned http_free(const struct http *http)
{
    if (http->verdict != HTTP_WORKS || clock_steady_ms() < http->paused_until || http->busy >= http->concurrency)
        return 0;
    return http->concurrency - http->busy;
}

void http_give_up(struct http *http, enum http_verdict verdict, const char *format, ...)
{
    static const char *const error_types[] = {
        [HTTP_DOWN] = "jira_unreachable", [HTTP_REFUSED] = "jira_refused", [HTTP_INTERRUPTED] = "interrupted"};
    va_list arguments;
    char *why;

    if (http->verdict != HTTP_WORKS)
        return;
    http->verdict = verdict;
    va_start(arguments, format);
    why = memory_format_list(format, arguments);
    va_end(arguments);
    report(REPORT_ERROR, error_types[verdict], "%s; %s", why, http->consequence);
    free(why);
}

/* Time lost is a union of intervals: requests that wait side by side lose it once. */
static void lose_time(struct http *http, int64_t from, int64_t until)
{
    if (from < http->lost_until)
        from = http->lost_until;
    if (until > from) {
        http->lost_ms += until - from;
        http->lost_until = until;
    }
}

void http_spend(struct http *http, int64_t milliseconds)
{
    int64_t now = clock_steady_ms();

    lose_time(http, now, now + milliseconds);
    if (http->lost_ms > HTTP_BUDGET_MS)
        http_give_up(http, HTTP_DOWN, "Jira at %s has cost more than %d s of waiting", http->base,
                     HTTP_BUDGET_MS / 1000);
}

/* --- one try --- */

static size_t give_body(char *to, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    size_t amount = exchange->length - exchange->sent;

    if (amount > size * count)
        amount = size * count;
    memcpy(to, exchange->body + exchange->sent, amount);
    exchange->sent += amount;
    return amount;
}

static size_t take_answer(char *from, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    size_t amount = size * count;

    /* Nothing, where the answer is empty; or less than came, which ends the transfer: CURLOPT_WRITEFUNCTION(3). */
    if (amount == 0 || amount > HTTP_ANSWER_MAX - exchange->filled)
        return 0;
    if (exchange->filled + amount > exchange->size) {
        exchange->size = 2 * (exchange->filled + amount);
        if (exchange->size > HTTP_ANSWER_MAX)
            exchange->size = HTTP_ANSWER_MAX;
        exchange->answer = memory_resize(exchange->answer, exchange->size, 1);
    }
    memcpy(exchange->answer + exchange->filled, from, amount);
    exchange->filled += amount;
    return amount;
}

/* Jira says on any answer, a 200 with the anonymous view included, that the login failed; it may come twice. */
static size_t take_header(char *from, size_t size, size_t count, void *context)
{
    static const char name[] = "X-Seraph-LoginReason:";
    struct exchange *exchange = context;
    size_t length = size * count;

    if (length > strlen(name) && !strncasecmp(from, name, strlen(name)))
        exchange->login_failed |= memmem(from, length, "AUTHENTICATED_FAILED", 20) != NULL ||
                                  memmem(from, length, "AUTHENTICATION_DENIED", 21) != NULL;
    return length;
}

/* The curl program reads these; the library leaves it to us. */
static const char *own_ca_file(void)
{
    const char *file = getenv("CURL_CA_BUNDLE");

    return file && *file ? file : getenv("SSL_CERT_FILE");
}

/* All that can go wrong is that there is no memory to copy a text: a request without its login would be refused. */
#define SET(easy, option, value) memory_check(curl_easy_setopt(easy, option, value) == CURLE_OK ? (easy) : NULL)

static void set_login(const struct http *http, CURL *easy)
{
    if (http->user && *http->user) {
        SET(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        SET(easy, CURLOPT_USERNAME, http->user);
        SET(easy, CURLOPT_PASSWORD, http->token);
    } else {
        SET(easy, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        SET(easy, CURLOPT_XOAUTH2_BEARER, http->token);
    }
}

static void set_transport(const struct http *http, CURL *easy)
{
    const char *ca_file = own_ca_file();

    SET(easy, CURLOPT_NOSIGNAL, 1L);
    SET(easy, CURLOPT_QUICK_EXIT, 1L); /* else a resolver that is silent holds up the whole program */
    SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(easy, CURLOPT_FOLLOWLOCATION, 0L); /* it would show the token to whoever is at the other end */
    SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
    SET(easy, CURLOPT_TIMEOUT, ANSWER_TIMEOUT_S);
    SET(easy, CURLOPT_MAXAGE_CONN, IDLE_CONNECTION_S);
    SET(easy, CURLOPT_ACCEPT_ENCODING, "");
    SET(easy, CURLOPT_USERAGENT, "dnsbl-monitor/" VERSION);
    SET(easy, CURLOPT_HTTPHEADER, http->headers);
    if (http->direct)
        SET(easy, CURLOPT_PROXY, "");
    if (ca_file && *ca_file)
        SET(easy, CURLOPT_CAINFO, ca_file);
}

/*
 * The body comes from a function that cannot go back: on a connection that the
 * server closed libcurl would else send the request a second time by itself, and
 * a ticket would be there twice.
 */
static void set_body(struct exchange *exchange, CURL *easy)
{
    if (!exchange->body)
        return;
    SET(easy, CURLOPT_POST, 1L);
    SET(easy, CURLOPT_CUSTOMREQUEST, exchange->method);
    SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->length);
    SET(easy, CURLOPT_READFUNCTION, give_body);
    SET(easy, CURLOPT_READDATA, exchange);
}

static void begin(struct http *http, struct exchange *exchange)
{
    CURL *easy = memory_check(curl_easy_init());

    exchange->easy = easy;
    exchange->sent = exchange->filled = 0;
    exchange->login_failed = false;
    exchange->error[0] = '\0';
    exchange->started = clock_steady_ms();
    set_transport(http, easy);
    set_login(http, easy);
    set_body(exchange, easy);
    SET(easy, CURLOPT_URL, exchange->url);
    SET(easy, CURLOPT_WRITEFUNCTION, take_answer);
    SET(easy, CURLOPT_WRITEDATA, exchange);
    SET(easy, CURLOPT_HEADERFUNCTION, take_header);
    SET(easy, CURLOPT_HEADERDATA, exchange);
    SET(easy, CURLOPT_ERRORBUFFER, exchange->error);
    SET(easy, CURLOPT_PRIVATE, exchange);
    /* Else it would be waited for, and never end. */
    memory_check(curl_multi_add_handle(http->multi, easy) == CURLM_OK ? easy : NULL);
}

void http_send(struct http *http, const char *method, const char *path, json_t *body, bool repeatable,
               http_done *done, void *context)
{
    struct exchange *exchange = memory_new(1, sizeof *exchange);

    *exchange = (struct exchange){
        .method = method,
        .url = memory_format("%s%s", http->base, path),
        .repeatable = repeatable,
        .done = done,
        .context = context,
        .next = http->exchanges,
    };
    if (body) {
        exchange->body = memory_check(json_dumps(body, JSON_COMPACT));
        exchange->length = strlen(exchange->body);
        json_decref(body);
    }
    http->exchanges = exchange;
    http->busy++;
    if (http->verdict == HTTP_WORKS && clock_steady_ms() >= http->paused_until)
        begin(http, exchange);
}

/* --- what became of it --- */

enum result { RESULT_ANSWERED, RESULT_REFUSED, RESULT_NOT_DONE, RESULT_UNKNOWN };

static enum result judge(const struct exchange *exchange, CURLcode code, long status, const json_t *body)
{
    long request_bytes = 0;

    curl_easy_getinfo(exchange->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    if (code == CURLE_OK && (exchange->login_failed || status == 401 || status == 403))
        return RESULT_REFUSED;
    if (code != CURLE_OK)
        return request_bytes == 0 ? RESULT_NOT_DONE : RESULT_UNKNOWN;
    if (status == 429)
        return RESULT_NOT_DONE;
    if (status >= 500 || status == 408)
        return RESULT_UNKNOWN;
    if (status < 300 && status != 204 && !body)
        return RESULT_UNKNOWN; /* a page of some proxy or login, not Jira's word */
    return RESULT_ANSWERED;
}

static void finish(struct http *http, struct exchange *exchange, const struct http_answer *answer)
{
    detach(http, exchange);
    exchange->finished = true;
    http->busy--;
    exchange->done(exchange->context, answer);
}

/* Seconds until the next try, 0: there is none. */
static int64_t next_wait(struct exchange *exchange, int64_t retry_after)
{
    int64_t seconds = retry_seconds(&exchange->retry);

    if (retry_after > 0)
        return retry_after; /* a server that says when is worth waiting for, within the budget */
    if (seconds > 0)
        exchange->retry.waited++;
    return seconds;
}

/* The server has asked us to wait: with all requests, and for the longest of the waits that it asks for. */
static void pause_until(struct http *http, int64_t when)
{
    if (when > http->paused_until)
        http->paused_until = when;
}

static void try_again_or_fail(struct http *http, struct exchange *exchange, struct http_answer *answer,
                              int64_t retry_after)
{
    int64_t seconds = next_wait(exchange, retry_after), now = clock_steady_ms();

    lose_time(http, exchange->started, now);
    if (seconds == 0) {
        http_spend(http, 0); /* the last try may have used the budget up */
        answer->outcome = HTTP_FAILED;
        finish(http, exchange, answer);
        return;
    }
    report(REPORT_WARNING, "jira_trouble", "%s %s: %s; trying again in %lld s", exchange->method,
           exchange->url + strlen(http->base), answer->problem, (long long)seconds);
    detach(http, exchange);
    exchange->due = now + seconds * 1000;
    if (retry_after > 0)
        pause_until(http, exchange->due);
    http_spend(http, seconds * 1000);
}

/* A 2xx is described for those who cannot do with it. */
static char *describe(const struct exchange *exchange, CURLcode code, long status, const json_t *body)
{
    const char *wrong = body ? " with JSON that is no answer to this" : " without JSON";

    if (code != CURLE_OK)
        return memory_string(exchange->error[0] ? exchange->error : curl_easy_strerror(code));
    if (exchange->login_failed)
        return memory_format("HTTP %ld, and it says that the login failed", status);
    return memory_format("HTTP %ld%s", status, status < 300 ? wrong : "");
}

/* In seconds; 0: the server does not say. Whatever is beyond the budget is as good as any other such number. */
static int64_t asked_wait(const struct exchange *exchange)
{
    curl_off_t seconds = 0;

    curl_easy_getinfo(exchange->easy, CURLINFO_RETRY_AFTER, &seconds);
    return seconds > HTTP_BUDGET_MS / 1000 ? HTTP_BUDGET_MS / 1000 + 1 : seconds;
}

static void complete(struct http *http, struct exchange *exchange, CURLcode code)
{
    struct http_answer answer = {.outcome = HTTP_ANSWERED};
    int64_t retry_after = asked_wait(exchange);
    json_t *body = NULL;
    enum result result;
    char *problem;

    curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &answer.status);
    if (code == CURLE_OK && exchange->filled > 0)
        body = json_loadb(exchange->answer, exchange->filled, 0, NULL);
    answer.late = code == CURLE_OPERATION_TIMEDOUT;
    answer.body = body;
    answer.problem = problem = describe(exchange, code, answer.status, body);
    result = judge(exchange, code, answer.status, body);
    if (result == RESULT_REFUSED) {
        http_give_up(http, HTTP_REFUSED,
                     "Jira at %s refuses us (%s); check JIRA_USER, JIRA_API_TOKEN and the rights of that user",
                     http->base, problem);
    } else if (result == RESULT_ANSWERED) {
        finish(http, exchange, &answer);
    } else if (result == RESULT_UNKNOWN && !exchange->repeatable) {
        lose_time(http, exchange->started, clock_steady_ms());
        http_spend(http, retry_after * 1000);
        if (retry_after > 0)
            pause_until(http, clock_steady_ms() + retry_after * 1000);
        answer.outcome = HTTP_UNCERTAIN;
        finish(http, exchange, &answer);
    } else {
        try_again_or_fail(http, exchange, &answer, retry_after);
    }
    json_decref(body);
    free(problem);
}

/* --- the loop --- */

static void remove_finished(struct http *http)
{
    struct exchange **at = &http->exchanges;

    while (*at) {
        struct exchange *exchange = *at;

        if (exchange->finished) {
            *at = exchange->next;
            release(http, exchange);
        } else {
            at = &exchange->next;
        }
    }
}

static void stop_all(struct http *http)
{
    const struct http_answer stopped = {.outcome = HTTP_STOPPED, .problem = "Jira was given up"};

    for (struct exchange *exchange = http->exchanges; exchange; exchange = exchange->next)
        if (!exchange->finished)
            finish(http, exchange, &stopped);
}

static void work(struct http *http)
{
    int64_t now = clock_steady_ms();
    int running, left;
    CURLMsg *message;

    for (struct exchange *exchange = http->exchanges;
         exchange && http->verdict == HTTP_WORKS && now >= http->paused_until; exchange = exchange->next)
        if (!exchange->easy && !exchange->finished && now >= exchange->due)
            begin(http, exchange);
    memory_check(curl_multi_perform(http->multi, &running) == CURLM_OK ? http : NULL);
    while (http->verdict == HTTP_WORKS && (message = curl_multi_info_read(http->multi, &left))) {
        CURLcode code = message->data.result;
        struct exchange *exchange;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
        complete(http, exchange, code);
    }
    if (http->verdict != HTTP_WORKS)
        stop_all(http);
    remove_finished(http);
}

static int sooner(int timeout_ms, int64_t due)
{
    int64_t left = due - clock_steady_ms();

    if (left < 0)
        left = 0;
    return timeout_ms < 0 || left < timeout_ms ? (int)left : timeout_ms;
}

void http_wait(struct http *http, struct pollfd *fds, unsigned count, int timeout_ms)
{
    struct curl_waitfd extra[EXTRA_FDS_MAX];
    unsigned extras = 0;
    bool paused = clock_steady_ms() < http->paused_until;

    for (unsigned i = 0; i < count; i++)
        if (fds[i].fd >= 0)
            extra[extras++] = (struct curl_waitfd){
                .fd = fds[i].fd,
                .events = (fds[i].events & POLLIN) ? CURL_WAIT_POLLIN : CURL_WAIT_POLLOUT,
            };
    for (const struct exchange *exchange = http->exchanges; exchange && !paused; exchange = exchange->next)
        if (!exchange->easy)
            timeout_ms = sooner(timeout_ms, exchange->due);
    if (paused)
        timeout_ms = sooner(timeout_ms, http->paused_until);
    if (http->verdict != HTTP_WORKS && http->exchanges)
        timeout_ms = 0;
    curl_multi_poll(http->multi, extra, extras, timeout_ms < 0 ? 3600 * 1000 : timeout_ms, NULL);
    /* curl_multi_poll(3) does not tell of POLLHUP and POLLERR. */
    poll(fds, count, 0);
    work(http);
}
