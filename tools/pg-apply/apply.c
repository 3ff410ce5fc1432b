#include "apply.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "report.h"
#include "signals.h"
#include "sysexits.h"

#define PARAMETERS 6    /* of the longest statement */
#define BUSY_IN_A_ROW 3 /* rows after which a lock is taken to be on the table */

/* --- statements --- */

/*
 * The row must still be what the decision was made from. format() gives what the
 * server shows of any type, as pg-ips read it; NULL and empty lists are the same.
 */
#define LISTS "coalesce(\"blockingLists\"::text, '')"
#define SAME_ADDRESS "id = $1::bigint AND pg_catalog.format('%%s', %s) = $2"

/* What is set, by transition; the priorities come from the row as it is at that moment. */
static const char *const assignments[] = {
    [RECORD_TRANSITION_LISTED] = "\"oldPriority\" = coalesce(\"oldPriority\", priority), priority = $6, ",
    [RECORD_TRANSITION_CLEARED] = "priority = coalesce(\"oldPriority\", $6), \"oldPriority\" = NULL, ",
    [RECORD_TRANSITION_CHANGED] = "",
};

static void make_statements(struct apply *apply)
{
    const struct pg_table *table = &apply->table;

    if (apply->look_sql)
        return;
    pg_table_quote(&apply->table, apply->pg.connection);
    for (size_t i = 0; i < sizeof assignments / sizeof *assignments; i++)
        if (assignments[i])
            apply->update_sql[i] =
                memory_format("UPDATE %s SET %s\"blockingLists\" = $4, \"lastEvent\" = $5 WHERE " SAME_ADDRESS
                              " AND " LISTS " = $3",
                              table->sql_name, assignments[i], table->sql_column);
    apply->look_sql = memory_format("SELECT " LISTS " = $3, " LISTS " = $4 AND coalesce(\"lastEvent\"::text, '') = $5"
                                    " FROM %s WHERE " SAME_ADDRESS,
                                    table->sql_name, table->sql_column);
}

/* The values of a change's parameters; borrowed from it. */
static int parameters(const struct apply *apply, const struct change *change, const char *values[PARAMETERS])
{
    values[0] = change->id;
    values[1] = change->ip_text;
    values[2] = change->lists_read;
    values[3] = change->lists;
    values[4] = change->event;
    values[5] = change->transition == RECORD_TRANSITION_LISTED ? apply->listed_priority : apply->fallback_priority;
    return change->transition == RECORD_TRANSITION_CHANGED ? 5 : 6;
}

static void take_update(void *context, size_t index, PGresult *result)
{
    struct change **changes = context;

    changes[index]->matched = strcmp(PQcmdTuples(result), "0") != 0;
    PQclear(result);
}

static void take_look(void *context, size_t index, PGresult *result)
{
    struct change **changes = context;
    bool found = PQntuples(result) > 0;

    changes[index]->matched = found && !strcmp(PQgetvalue(result, 0, 0), "t");
    changes[index]->applied = found && !strcmp(PQgetvalue(result, 0, 1), "t");
    PQclear(result);
}

/* Runs a statement for each change, all in one transaction. */
static enum pg_fault run(struct apply *apply, enum pg_access access, struct change **changes, size_t count)
{
    struct pg_statement *statements = memory_new(count, sizeof *statements);
    const char *(*values)[PARAMETERS] = memory_new(count, sizeof *values);
    enum pg_fault fault;

    for (size_t i = 0; i < count; i++) {
        int used = parameters(apply, changes[i], values[i]);

        statements[i] = access == PG_WRITE
                            ? (struct pg_statement){apply->update_sql[changes[i]->transition], values[i], used}
                            : (struct pg_statement){apply->look_sql, values[i], 5};
    }
    fault =
        pg_transaction(&apply->pg, access, statements, count, access == PG_WRITE ? take_update : take_look, changes);
    free(values);
    free(statements);
    return fault;
}

/* --- one transaction --- */

/* Those of the changes that are PENDING, and uncertain too if only_uncertain, in a new array. */
static struct change **pending(struct change **changes, size_t count, bool only_uncertain, size_t *left)
{
    struct change **some = memory_new(count, sizeof *some);

    *left = 0;
    for (size_t i = 0; i < count; i++)
        if (changes[i]->outcome == OUTCOME_PENDING && (changes[i]->uncertain || !only_uncertain))
            some[(*left)++] = changes[i];
    return some;
}

/* Reads the rows whose COMMIT was not answered: those that hold the update were committed. */
static enum pg_fault settle(struct apply *apply, struct change **changes, size_t count)
{
    size_t left;
    struct change **some = pending(changes, count, true, &left);
    enum pg_fault fault = left > 0 ? run(apply, PG_READ, some, left) : PG_OK;

    for (size_t i = 0; !fault && i < left; i++)
        if (some[i]->applied)
            some[i]->outcome = OUTCOME_UPDATED;
    free(some);
    return fault;
}

/* Updates rows in one transaction, which decides all of them if PG_OK is returned. */
static enum pg_fault update(struct apply *apply, struct change **some, size_t count)
{
    enum pg_fault fault = run(apply, PG_WRITE, some, count);

    for (size_t i = 0; i < count; i++) {
        if (fault == PG_UNCERTAIN)
            some[i]->uncertain = true;
        else if (!fault && some[i]->matched)
            some[i]->outcome = OUTCOME_UPDATED;
    }
    /*
     * A row that does not match may be our own work all the same: a COMMIT that
     * nobody answered can come to pass after the rows were read.
     */
    if (!fault)
        fault = settle(apply, some, count);
    for (size_t i = 0; !fault && i < count; i++)
        if (some[i]->outcome == OUTCOME_PENDING)
            some[i]->outcome = OUTCOME_CONFLICT;
    return fault;
}

/* Makes the changes that are PENDING, all in one transaction. */
static enum pg_fault transact(struct apply *apply, struct change **changes, size_t count)
{
    enum pg_fault fault = settle(apply, changes, count);
    struct change **some;
    size_t left;

    if (fault)
        return fault;
    some = pending(changes, count, false, &left);
    if (left > 0)
        fault = update(apply, some, left);
    free(some);
    return fault;
}

/* --- batches --- */

static void fail(struct apply *apply, struct change *change)
{
    change->outcome = OUTCOME_FAILED;
    apply->failed++;
}

static void fail_row(struct apply *apply, struct change *change)
{
    report_with(
        REPORT_ERROR, "row_error",
        json_pack("{s:s, s:I, s:s}", "ip", change->ip, "id", change->id_number, "sqlstate", apply->pg.sqlstate),
        "the row of %s (id %s) was not changed: %s; the next run tries again", change->ip, change->id,
        apply->pg.message);
    fail(apply, change);
}

/* One transaction for each change, so that one row's error is its own. */
static enum pg_fault one_by_one(struct apply *apply, struct change **changes, size_t count)
{
    enum pg_fault outcome = PG_OK;
    int busy = 0;

    for (size_t i = 0; i < count && busy < BUSY_IN_A_ROW; i++) {
        enum pg_fault fault = changes[i]->outcome == OUTCOME_PENDING ? transact(apply, &changes[i], 1) : PG_OK;

        if (fault == PG_FAILED)
            fail_row(apply, changes[i]);
        else if (fault == PG_BUSY)
            outcome = fault;
        else if (fault)
            return fault;
        busy = fault == PG_BUSY ? busy + 1 : 0;
    }
    return outcome;
}

/* No further try is left. Locks that others hold are no reason to despair while some rows can still be changed. */
static void give_up(struct apply *apply, struct change **changes, size_t count, enum pg_fault fault)
{
    size_t left;
    struct change **some;

    if (signals_received())
        return;
    some = pending(changes, count, false, &left);
    apply->status = pg_exit_status(fault);
    apply->gave_up = fault != PG_BUSY || left == count;
    if (apply->gave_up)
        pg_report(&apply->pg, fault);
    for (size_t i = 0; i < left; i++) {
        if (apply->gave_up)
            fail(apply, some[i]);
        else
            fail_row(apply, some[i]);
    }
    free(some);
}

static int by_id(const void *a, const void *b)
{
    const struct change *left = *(struct change *const *)a, *right = *(struct change *const *)b;

    if (left->id_number != right->id_number)
        return left->id_number < right->id_number ? -1 : 1;
    return left->order < right->order ? -1 : left->order > right->order;
}

static void fail_all(struct apply *apply, struct change **changes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (changes[i]->outcome == OUTCOME_PENDING)
            fail(apply, changes[i]);
}

static enum pg_fault connect_and_prepare(struct apply *apply)
{
    enum pg_fault fault = pg_connect(&apply->pg);

    if (!fault)
        make_statements(apply);
    return fault;
}

void apply_changes(struct apply *apply, struct change **changes, size_t count)
{
    struct retry retry = RETRY_START;
    bool alone = count == 1;
    enum pg_fault fault;

    if (apply->gave_up) {
        fail_all(apply, changes, count);
        return;
    }
    /* Two of us that lock rows in the same order cannot deadlock. */
    qsort(changes, count, sizeof *changes, by_id);
    do {
        fault = connect_and_prepare(apply);
        if (!fault && !alone) {
            fault = transact(apply, changes, count);
            alone = fault == PG_FAILED || fault == PG_BUSY;
        }
        if (alone && apply->pg.connection)
            fault = one_by_one(apply, changes, count);
    } while (fault && pg_retry(&apply->pg, fault, &retry));
    if (fault)
        give_up(apply, changes, count, fault);
}

void apply_look(struct apply *apply, struct change **changes, size_t count)
{
    struct retry retry = RETRY_START;
    enum pg_fault fault;

    if (apply->gave_up) {
        fail_all(apply, changes, count);
        return;
    }
    do {
        fault = connect_and_prepare(apply);
        if (!fault)
            fault = run(apply, PG_READ, changes, count);
    } while (fault && pg_retry(&apply->pg, fault, &retry));
    for (size_t i = 0; !fault && i < count; i++)
        changes[i]->outcome = changes[i]->matched ? OUTCOME_DRY_RUN : OUTCOME_CONFLICT;
    if (fault)
        give_up(apply, changes, count, fault);
}

void apply_free(struct apply *apply)
{
    for (size_t i = 0; i < sizeof apply->update_sql / sizeof *apply->update_sql; i++)
        free(apply->update_sql[i]);
    free(apply->look_sql);
    pg_table_free(&apply->table);
    pg_free(&apply->pg);
}
