/*
 * DNSBL_ZONES: the grammar of Postfix's postscreen_dnsbl_sites (postconf(5)) with
 * an optional label before each site:
 *
 *     list   = site *( ("," / white space) site )
 *     site   = [label ":"] domain ["=" filter] ["*" weight]
 *     label  = 1*63( letter / digit / "." / "_" / "-" )
 *     filter = d.d.d.d, each d a number 0-255 or [n;n..m;…]
 *     weight = integer, default 1; 0 = watch only; negative = allowlist
 *
 * ${NAME} stands for the value of the variable NAME (or the file in NAME_FILE);
 * such values are secrets. Sites of one name are one zone; a domain is looked up
 * once however many zones it serves.
 */
#ifndef COMMON_ZONES_H
#define COMMON_ZONES_H

#include <stdbool.h>
#include <stddef.h>

#define ZONES_SITES_MAX 1000
#define ZONES_WEIGHT_MAX 1000000

/* Which A records a site counts. A bit for each value of each octet. */
struct zone_filter {
    bool any; /* no filter was given: every A record in 127.0.0.0/8 */
    unsigned char octets[4][32];
};

struct zone_site {
    struct zone_filter filter;
    long weight;
};

struct zone {
    char *name;    /* the label, or the domain when there is none */
    size_t domain; /* index into domains */
    struct zone_site *sites;
    size_t site_count;
    long positive; /* sum of the positive weights of its sites, 0: it is no blocklist */
    long negative; /* sum of the negative ones, 0: it is no allowlist */
};

struct zones {
    struct zone *items; /* in the order of their first site */
    size_t count;
    char **domains; /* lower case, no dot at the end, in the order of their first site */
    size_t domain_count;
    bool complete; /* false: a ${NAME} had no value, and the sites that name it are left out */
};

/*
 * Reads DNSBL_ZONES; whatever is wrong with it is a config_problem(). On a
 * problem the result holds what could be understood.
 */
void zones_load(struct zones *zones);
void zones_free(struct zones *zones);

/* The zone of that name; NULL: none. Borrowed. */
const struct zone *zones_find(const struct zones *zones, const char *name);

/* True if a filter was given and it names this A record (network order). */
bool zone_filter_names(const struct zone_filter *filter, const unsigned char address[4]);

/*
 * The sum of the weights of the zone's sites that match any of the A records;
 * *matches says whether any site does, *positive whether one of positive weight does.
 */
long zone_weigh(const struct zone *zone, const unsigned char (*addresses)[4], size_t count, bool *matches,
                bool *positive);

/*
 * True if text, a name or a domain (DNS names compare without case, RFC 4343),
 * stands for this zone: stored lists may hold either.
 */
bool zone_is_called(const struct zones *zones, const struct zone *zone, const char *text);

/*
 * Reads a variable that lists zones by name or domain, and sets chosen[i] for each
 * zone i that is named. A name that is no zone's is a config_problem(), with its
 * key masked. chosen is new, by index of zone.
 */
bool *zones_choose(const struct zones *zones, const char *variable);

/*
 * A name that comes from elsewhere (a stored list), fit to be shown, new: the key in
 * a domain known to carry one, configured here or not, and known secrets are masked.
 */
char *zone_name_shown(const char *name);

#endif
