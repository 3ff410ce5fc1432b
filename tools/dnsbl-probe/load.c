#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "memory.h"
#include "report.h"
#include "text.h"

#define TEST_ENTRIES 2 /* RFC 5782 section 5; of IPv4, and a few more where there are IPv6 addresses */

/* Lookups a day that operators are known to allow those who have no contract. */
static const struct quota {
    const char *operator;
    unsigned long long lookups;
    const char *domains[2]; /* theirs */
} quotas[] = {
    {"Spamhaus", 300000, {"spamhaus.org", "dq.spamhaus.net"}},
    {"Mailspike", 100000, {"mailspike.net"}},
    {"DNSWL", 100000, {"dnswl.org"}},
};

/* True for the domain itself and what lies below it. */
static bool is_below(const char *domain, const char *parent)
{
    size_t length = strlen(domain), tail = strlen(parent);

    return length >= tail && !strcmp(domain + length - tail, parent) &&
           (length == tail || domain[length - tail - 1] == '.');
}

static bool is_of(const struct quota *quota, const char *domain)
{
    for (size_t i = 0; i < sizeof quota->domains / sizeof *quota->domains; i++)
        if (quota->domains[i] && is_below(domain, quota->domains[i]))
            return true;
    return false;
}

/* The names of a domain's zones, since the domain itself may hold a key; new. */
static char *names_of(const struct zones *zones, size_t domain)
{
    const char *first = NULL;
    size_t others = 0;

    for (size_t i = 0; i < zones->count; i++) {
        if (zones->items[i].domain != domain)
            continue;
        if (first)
            others++;
        else
            first = zones->items[i].name;
    }
    return others ? memory_format("%s and %zu more of its domain", first, others) : memory_string(first);
}

static void report_domain(const struct zones *zones, size_t domain, unsigned long long lookups, long runs)
{
    char number[TEXT_COUNT_SIZE], *names = names_of(zones, domain);

    report_with(REPORT_INFO, "load", json_pack("{s:s, s:I}", "zone", names, "lookups", (json_int_t)lookups),
                "zone %s is asked about %s times a day, in %ld runs", names, text_count(lookups, number), runs);
    free(names);
}

static void report_excess(const struct quota *quota, unsigned long long lookups)
{
    char asked[TEXT_COUNT_SIZE], allowed[TEXT_COUNT_SIZE];

    report_with(REPORT_WARNING, "quota",
                json_pack("{s:s, s:I, s:I}", "operator", quota->operator, "lookups", (json_int_t)lookups, "quota",
                          (json_int_t)quota->lookups),
                "%s lookups a day are more than the %s that %s allows without a contract; run less often, leave its "
                "zones out, or get a contract (if you have one, look what it allows)",
                text_count(lookups, asked), text_count(quota->lookups, allowed), quota->operator);
}

void load_report(const struct zones *zones, long addresses, long runs)
{
    unsigned long long lookups = (unsigned long long)(addresses + TEST_ENTRIES) * (unsigned long long)runs;

    for (size_t i = 0; i < zones->domain_count; i++)
        report_domain(zones, i, lookups, runs);
    for (size_t i = 0; i < sizeof quotas / sizeof *quotas; i++) {
        unsigned long long sum = 0;

        for (size_t j = 0; j < zones->domain_count; j++)
            sum += is_of(&quotas[i], zones->domains[j]) ? lookups : 0;
        if (sum > quotas[i].lookups)
            report_excess(&quotas[i], sum);
    }
}

long load_read(void)
{
    char line[32];
    long addresses;

    if (!fgets(line, sizeof line, stdin))
        return -1;
    line[strcspn(line, "\n")] = '\0';
    if (config_parse_number(line, 0, LOAD_ADDRESSES_MOST, &addresses))
        return addresses;
    report(REPORT_ERROR, "input_error", "\"%s\" on standard input is not a number of addresses from 0 to %d", line,
           LOAD_ADDRESSES_MOST);
    return -1;
}
