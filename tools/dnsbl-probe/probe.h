/*
 * The probe: takes records and addresses in, keeps DNS_CONCURRENCY lookups in flight
 * over all lanes, and lets the records out in order with their results.
 *
 * One thread, one event loop, which never blocks: a reader that does not read and
 * an input that does not come hold up no answer and spoil no deadline.
 */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include <event2/event.h>

#include "lane.h"
#include "ndjson.h"
#include "options.h"
#include "progress.h"
#include "resolver.h"
#include "table.h"
#include "verdict.h"
#include "window.h"
#include "zones.h"

/* What was found of one zone, for its last `zone` record. */
struct zone_count {
    unsigned long lookups, statuses[3], errors[ANSWER_ERRORS];
    char *shown; /* owned: the zone record last written */
};

/* A lookup in flight and whom it is for. */
struct task {
    enum task_kind { TASK_CANARY, TASK_ADDRESS, TASK_TEXT } kind;
    struct probe *probe;
    struct lane *lane;
    enum canary canary;      /* TASK_CANARY */
    unsigned long long slot; /* the others */
    struct answer answer;    /* TASK_TEXT: the listing that its text belongs to */
    double elapsed_ms;       /* TASK_TEXT: of that listing */
    struct lookup *lookup;
    struct task *previous, *following; /* of the lane */
};

struct probe {
    const struct options *options;
    const struct zones *zones;
    struct event_base *base;
    struct resolver *resolver;
    unsigned concurrency;
    long timeout_seconds; /* a lookup may take, for the zones' records */
    int64_t deadline;     /* steady ms after which nothing more is asked; 0: none */
    struct lane *lanes;   /* two a domain: IPv4, IPv6 */
    size_t lane_count, turn;
    unsigned in_flight;
    int64_t next_trial_at; /* steady ms: no broken lane is tried before, while others have something to ask */
    struct window window;
    struct ndjson_in in;
    struct ndjson_out out;
    bool input_ended;
    size_t next_argument;                  /* of options->arguments: the next to be taken */
    struct range range;                    /* that is being taken apart: its addresses are the next records */
    unsigned long long taken, done;        /* addresses that came in, and left */
    unsigned long long expected;           /* addresses that the arguments have; 0: unknown until the input ends */
    struct zone_count *counts;             /* one a zone */
    struct verdict *verdicts;              /* one a zone: of the address last judged */
    enum finding finding;                  /* the worst of all addresses */
    struct table table;                    /* if options->table */
    unsigned long long findings[FINDINGS]; /* how many addresses the table has of each */
    unsigned long long not_shown;          /* of ranges, and only counted there */
    struct progress progress;
    bool shares_terminal; /* standard output is a terminal, as the progress is on one */
};

/* What -e makes of an exit status that would be EXIT_DONE. */
enum { EXIT_LISTED = 2, EXIT_UNKNOWN = 3 };

struct probe_config {
    struct resolver_config resolver;
    long run_deadline; /* seconds; 0: none */
    bool *exempt;      /* by index of zone: it keeps no test entries; owned */
};

/* Reads DNSBL_CANARY_EXEMPT, RUN_DEADLINE and what resolver_configure() reads; notes problems. */
void probe_configure(struct probe_config *config, const struct zones *zones);

/* False: libunbound could not be set up, noted as a config_problem(). Borrows its arguments for its lifetime. */
bool probe_open(struct probe *probe, const struct options *options, const struct zones *zones,
                const struct probe_config *config);
void probe_close(struct probe *probe);

/* Runs from the input to standard output until both are done; returns the exit status. */
int probe_run(struct probe *probe);

/* Asks every zone's test entries and reports each zone's health; returns the exit status. */
int probe_check(struct probe *probe);

/* --- the parts of it, each in its own file --- */

/* intake.c: opens standard input, or the addresses of the command line in its place. */
void probe_open_input(struct probe *probe);

/* intake.c: takes what is buffered, as long as there is room; true: more can be read now. */
bool probe_take_input(struct probe *probe);

/* schedule.c: starts lookups while there is room for them. */
void probe_schedule(struct probe *probe);

/* schedule.c: tries broken lanes again whose time has come; returns ms until the next, -1: none. */
long probe_retry_lanes(struct probe *probe);

/* schedule.c: begins to ask for a lane's test entries. */
void probe_start_canary(struct probe *probe, struct lane *lane);

/* schedule.c: cancels everything in flight. */
void probe_cancel(struct probe *probe);

bool probe_deadline_passed(const struct probe *probe);

/* emit.c: the lane of a domain for a family, 4 or 6. */
struct lane *probe_lane(struct probe *probe, size_t domain, int family);

/* emit.c: writes what is finished, in order. */
void probe_emit(struct probe *probe);

/* emit.c: writes and logs the health of the zones that a lane serves, which has just changed. */
void probe_emit_health(struct probe *probe, const struct lane *lane);

/* emit.c: writes what stands behind the last address: the zones' last records, or the end of the table. */
void probe_emit_end(struct probe *probe);

/* verdict.c: sets verdicts to what the zones say of a slot's address, and counts it; once a slot. */
enum finding probe_judge(struct probe *probe, const struct slot *slot);

/* verdict.c: the A records of an answer as JSON, new. */
json_t *probe_answers(const struct answer *answer);

/* verdict.c: the verdicts as `results` of dnsbl-record(5), new. */
json_t *probe_results(const struct probe *probe, const struct slot *slot);

/* show.c: the verdicts as part of the table. */
void probe_show_address(struct probe *probe, const struct slot *slot, enum finding finding);

/* show.c: what stands below the table: how many addresses there were, and the zones that are not well. */
void probe_show_end(struct probe *probe);

/* zone_records.c: the zone's health; *detail: what there is to say of it, new, NULL: nothing. */
enum health probe_zone_health(struct probe *probe, const struct zone *zone, char **detail);

/* zone_records.c: writes that record if it says something new, and warns of a zone that is not well. */
void probe_write_zone(struct probe *probe, const struct zone *zone, const struct lane *lane);

/* zone_records.c: writes each zone's last record, with its counts; none for a zone that there was no need to judge.
 */
void probe_write_counts(struct probe *probe);

/* zone_records.c: how many zones are not well as far as is known. */
size_t probe_zones_out(struct probe *probe);

/* zone_records.c: reports the health of every zone that has not been reported as sick already. */
void probe_report_health(struct probe *probe);

#endif
