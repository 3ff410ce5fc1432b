/*
 * Requests to one HTTP server, several at once, without blocking: connections,
 * login, time limits, and trying again. All of libcurl is behind this header.
 *
 * Waits between tries are 2, 4 and 8 s, which uses the tries up, or what
 * Retry-After says, which does not. Time lost to trouble, all requests together,
 * is bounded by HTTP_BUDGET_MS; after that the server counts as down. 401, 403 and a failed login on any answer mean
 * that it refuses us. Either is for good: what is under way ends with HTTP_STOPPED.
 *
 * Not for: what the answers mean (jira.h).
 */
#ifndef JIRA_SYNC_HTTP_H
#define JIRA_SYNC_HTTP_H

#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#define HTTP_BUDGET_MS 60000
#define HTTP_ANSWER_MAX (16 * 1024 * 1024) /* bytes; a longer answer counts as lost */

enum http_outcome {
    HTTP_ANSWERED,  /* 2xx with JSON or without content, 3xx, or a 4xx that trying again does not change */
    HTTP_UNCERTAIN, /* not repeatable: it may have been carried out, or not */
    HTTP_FAILED,    /* its tries are used up: it is repeatable, or was not carried out */
    HTTP_STOPPED,   /* the server was given up */
};

struct http_answer {
    enum http_outcome outcome;
    long status;         /* 0: none came */
    bool late;           /* none came in time: the server may be at work on it still */
    const json_t *body;  /* borrowed; NULL: no JSON */
    const char *problem; /* what went wrong, for a person; borrowed */
};

typedef void http_done(void *context, const struct http_answer *answer);

enum http_verdict { HTTP_WORKS, HTTP_DOWN, HTTP_REFUSED, HTTP_INTERRUPTED /* a signal has come */ };

struct http;

/*
 * base: URL without a slash at its end; user: NULL or "" for a Bearer token. All
 * borrowed. A base with http:// is on this machine, and no other is asked to pass it
 * the token on: a proxy is then used only if it is here, too. `consequence` is what
 * comes of it when the server is given up, for a person. Ends the process if libcurl cannot be used.
 */
struct http *http_open(const char *base, const char *user, const char *token, unsigned concurrency,
                       const char *consequence);
void http_close(struct http *http); /* what is under way is abandoned without a word */

/* Requests that may be sent now; 0 also while the server has asked us to wait. */
unsigned http_free(const struct http *http);

/*
 * Sends a request; done is called from a later http_wait(), once. path begins
 * with a slash; body is taken, NULL for none; repeatable: sending it twice does no harm.
 */
void http_send(struct http *http, const char *method, const char *path, json_t *body, bool repeatable,
               http_done *done, void *context);

/*
 * Waits until one of fds (their revents are set; those below 0 are left out), a
 * request or timeout_ms (-1: none) has something; calls back.
 */
void http_wait(struct http *http, struct pollfd *fds, unsigned count, int timeout_ms);

/* Counts a wait that trouble with the server caused, from now on, against the budget. */
void http_spend(struct http *http, int64_t milliseconds);

enum http_verdict http_verdict(const struct http *http);

/* Gives the server up, if that has not happened, and reports why. */
__attribute__((format(printf, 3, 4))) void http_give_up(struct http *http, enum http_verdict verdict,
                                                        const char *format, ...);

#endif
