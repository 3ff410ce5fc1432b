#include "zones.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config.h"
#include "memory.h"
#include "secret.h"

#define VARIABLE "DNSBL_ZONES"
#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
#define LABEL_MAX 63
#define DOMAIN_MAX 189 /* of the 253 characters of a name, the reversed nibbles of IPv6 and a dot take 64 */

/* Zones whose first label is the customer's key. */
static const char *const keyed_suffixes[] = {".dq.spamhaus.net", ".abusix.zone"};

/* --- ${NAME} --- */

#define NO_VALUE "\1" /* in place of one that is missing: what else is wrong with the list is to be found, too */

/*
 * The value of the variable named between from and its closing brace; *after is behind the brace. NULL: noted as a
 * problem; without a name *after is the end of the list.
 */
static const char *variable_value(const char *from, const char **after)
{
    size_t length = strspn(from, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
    const char *value;
    char *name;

    if (length == 0 || from[length] != '}') {
        config_problem(VARIABLE, "\"${\" is not followed by a variable's name and \"}\"");
        *after = from + strlen(from);
        return NULL;
    }
    *after = from + length + 1;
    name = memory_bytes(from, length);
    value = config_secret(name);
    if (!value)
        config_problem(VARIABLE, "it names ${%s}, which has no value; set %s, or %s_FILE to a file that holds it",
                       name, name, name);
    free(name);
    return value;
}

/* The list with every ${NAME} replaced, new; up to the first that has no name. *complete: each had a value. */
static char *expand(const char *list, bool *complete)
{
    char *text;
    size_t size;
    FILE *out = memory_stream(&text, &size);

    *complete = true;
    while (*list) {
        if (strncmp(list, "${", 2) != 0) {
            fputc(*list++, out);
        } else {
            const char *value = variable_value(list + 2, &list);

            *complete = *complete && value;
            fputs(value ? value : NO_VALUE, out);
        }
    }
    fclose(out);
    return text;
}

/* --- filters --- */

static bool take_octet_number(const char **text, unsigned *number)
{
    const char *at = *text;

    *number = 0;
    if (!isdigit((unsigned char)*at))
        return false;
    while (isdigit((unsigned char)*at)) {
        *number = *number * 10 + (unsigned)(*at++ - '0');
        if (*number > 255)
            return false;
    }
    *text = at;
    return true;
}

/* n or n..m */
static bool take_range(const char **text, unsigned char bits[32])
{
    unsigned low, high;

    if (!take_octet_number(text, &low))
        return false;
    high = low;
    if (!strncmp(*text, "..", 2)) {
        *text += 2;
        if (!take_octet_number(text, &high) || high < low)
            return false;
    }
    for (unsigned value = low; value <= high; value++)
        bits[value / 8] = (unsigned char)(bits[value / 8] | 1U << value % 8);
    return true;
}

/* A number, or ranges in brackets. */
static bool take_octet(const char **text, unsigned char bits[32])
{
    unsigned number;

    if (**text != '[') {
        if (!take_octet_number(text, &number))
            return false;
        bits[number / 8] = (unsigned char)(bits[number / 8] | 1U << number % 8);
        return true;
    }
    do {
        ++*text;
        if (!take_range(text, bits))
            return false;
    } while (**text == ';');
    return *(*text)++ == ']';
}

static bool parse_filter(const char *text, struct zone_filter *filter)
{
    memset(filter, 0, sizeof *filter);
    for (int i = 0; i < 4; i++) {
        if (i > 0 && *text++ != '.')
            return false;
        if (!take_octet(&text, filter->octets[i]))
            return false;
    }
    return *text == '\0';
}

static bool has_value(const unsigned char bits[32], unsigned value)
{
    return bits[value / 8] >> value % 8 & 1;
}

bool zone_filter_names(const struct zone_filter *filter, const unsigned char address[4])
{
    for (int i = 0; i < 4; i++)
        if (filter->any || !has_value(filter->octets[i], address[i]))
            return false;
    return true;
}

/* A filter that can match nothing in 127.0.0.0/8 is a typing error. */
static bool filter_can_match(const struct zone_filter *filter)
{
    return has_value(filter->octets[0], 127);
}

/* --- sites --- */

/* Letters, digits, hyphens and underscores in labels of 1 to 63, two labels at least; no dot at the end. */
static bool is_domain(const char *text)
{
    size_t length = 0, labels = 1;

    if (strlen(text) > DOMAIN_MAX)
        return false;
    for (; *text; text++) {
        if (*text == '.') {
            if (length == 0 || text[-1] == '-')
                return false;
            length = 0;
            labels++;
        } else if (!(isascii((unsigned char)*text) && isalnum((unsigned char)*text)) && *text != '_' &&
                   (*text != '-' || length == 0)) {
            return false;
        } else if (++length > 63) {
            return false;
        }
    }
    return length > 0 && labels > 1 && text[-1] != '-';
}

static bool is_label(const char *text)
{
    size_t length = strspn(text, NAME_CHARACTERS);

    return length > 0 && length <= LABEL_MAX && text[length] == '\0';
}

/* The suffix that marks a domain as keyed; NULL: it is not. */
static const char *keyed_suffix(const char *domain)
{
    size_t length = strlen(domain);

    for (size_t i = 0; i < sizeof keyed_suffixes / sizeof *keyed_suffixes; i++) {
        size_t tail = strlen(keyed_suffixes[i]);

        if (length > tail && !strcasecmp(domain + length - tail, keyed_suffixes[i]))
            return keyed_suffixes[i];
    }
    return NULL;
}

/*
 * Keys written into the list itself. They are looked for in its text, not in its
 * sites: a site with a typing error is quoted in a message.
 */
static void register_keys(const char *list)
{
    for (size_t i = 0; i < sizeof keyed_suffixes / sizeof *keyed_suffixes; i++) {
        for (const char *at = list; (at = strcasestr(at, keyed_suffixes[i])); at++) {
            const char *name = at;
            char *key;

            while (name > list && strchr(NAME_CHARACTERS, name[-1]))
                name--;
            key = memory_bytes(name, strcspn(name, "."));
            secret_add(key);
            free(key);
        }
    }
}

/* True if a value that came by ${NAME} is part of the domain, which would be the zone's name everywhere. */
static bool shows_a_secret(const char *domain)
{
    char *masked = secret_mask(domain);
    bool shows = strcmp(masked, domain) != 0;

    free(masked);
    return shows;
}

static size_t find_or_add_domain(struct zones *zones, const char *domain)
{
    for (size_t i = 0; i < zones->domain_count; i++)
        if (!strcmp(zones->domains[i], domain))
            return i;
    zones->domains = memory_resize(zones->domains, zones->domain_count + 1, sizeof *zones->domains);
    zones->domains[zones->domain_count] = memory_string(domain);
    return zones->domain_count++;
}

static struct zone *find_or_add_zone(struct zones *zones, const char *name, size_t domain)
{
    for (size_t i = 0; i < zones->count; i++)
        if (!strcmp(zones->items[i].name, name))
            return &zones->items[i];
    zones->items = memory_resize(zones->items, zones->count + 1, sizeof *zones->items);
    zones->items[zones->count] = (struct zone){.name = memory_string(name), .domain = domain};
    return &zones->items[zones->count++];
}

static void add_site(struct zones *zones, const char *label, const char *domain, const struct zone_site *site)
{
    size_t index = find_or_add_domain(zones, domain);
    struct zone *zone = find_or_add_zone(zones, label ? label : domain, index);

    if (zone->domain != index) {
        config_problem(VARIABLE, "the name %s stands for two domains; give each its own label", zone->name);
        return;
    }
    zone->sites = memory_resize(zone->sites, zone->site_count + 1, sizeof *zone->sites);
    zone->sites[zone->site_count++] = *site;
    if (site->weight > 0)
        zone->positive += site->weight;
    else
        zone->negative += site->weight;
}

static void lower(char *text)
{
    for (; *text; text++)
        *text = (char)tolower((unsigned char)*text);
}

/* Cuts text at the first c and returns what is behind it; NULL: there is none. */
static char *cut(char *text, char c)
{
    char *at = strchr(text, c);

    if (at)
        *at++ = '\0';
    return at;
}

/* Takes a site apart in place. Problems name it as the person wrote it, with keys masked. */
static void parse_site(struct zones *zones, char *text)
{
    struct zone_site site = {.filter.any = true, .weight = 1};
    char *shown = memory_string(text);
    char *weight = cut(text, '*'), *filter = cut(text, '='), *domain = cut(text, ':');
    const char *label = domain ? text : NULL, *keyed;
    bool good = false;

    if (!domain)
        domain = text;
    lower(domain);
    keyed = keyed_suffix(domain);
    if (label && !is_label(label))
        config_problem(VARIABLE, "\"%s\": a label has 1 to %d letters, digits, dots, underscores or hyphens", shown,
                       LABEL_MAX);
    else if (!is_domain(domain))
        config_problem(VARIABLE,
                       "\"%s\": \"%s\" is not a domain name of at most %d characters, "
                       "such as zen.spamhaus.org",
                       shown, domain, DOMAIN_MAX);
    else if (keyed && !label)
        config_problem(VARIABLE,
                       "a site below %s carries a key and needs a label before it, as in "
                       "CSS:${SPAMHAUS_KEY}.zen.dq.spamhaus.net",
                       keyed + 1);
    else if (!label && shows_a_secret(domain))
        config_problem(VARIABLE,
                       "\"%s\": a domain made with ${NAME} holds a secret and needs a label before it, as in "
                       "LIST:${LIST_KEY}.example.org",
                       shown);
    else if (filter && !parse_filter(filter, &site.filter))
        config_problem(VARIABLE, "\"%s\": the filter \"%s\" is not d.d.d.d, each d a number 0-255 or [n;n..m]", shown,
                       filter);
    else if (filter && !filter_can_match(&site.filter))
        config_problem(VARIABLE, "\"%s\": the filter \"%s\" matches nothing in 127.0.0.0/8", shown, filter);
    else if (weight && !config_parse_number(weight, -ZONES_WEIGHT_MAX, ZONES_WEIGHT_MAX, &site.weight))
        config_problem(VARIABLE, "\"%s\": the weight \"%s\" is not a whole number from %d to %d", shown, weight,
                       -ZONES_WEIGHT_MAX, ZONES_WEIGHT_MAX);
    else
        good = true;
    if (good)
        add_site(zones, label, domain, &site);
    free(shown);
}

void zones_load(struct zones *zones)
{
    const char *list = config_text(VARIABLE);
    char *expanded, *rest, *site;
    size_t sites = 0;

    *zones = (struct zones){0};
    if (!list) {
        config_problem(VARIABLE, "not set; name the blocklists to ask, as in: export "
                                 "DNSBL_ZONES='zen.spamhaus.org=127.0.0.[2..11],bl.spamcop.net' (or, for dnsbl-probe "
                                 "once, dnsbl-probe -z zen.spamhaus.org,bl.spamcop.net ADDRESS)");
        return;
    }
    expanded = expand(list, &zones->complete);
    register_keys(expanded);
    for (site = strtok_r(expanded, ", \t\r\n", &rest); site; site = strtok_r(NULL, ", \t\r\n", &rest)) {
        if (++sites <= ZONES_SITES_MAX && (zones->complete || !strstr(site, NO_VALUE)))
            parse_site(zones, site);
    }
    if (sites > ZONES_SITES_MAX)
        config_problem(VARIABLE, "it has %zu sites; %d is the most", sites, ZONES_SITES_MAX);
    else if (sites == 0)
        config_problem(VARIABLE, "it holds no site");
    free(expanded);
}

void zones_free(struct zones *zones)
{
    for (size_t i = 0; i < zones->count; i++) {
        free(zones->items[i].name);
        free(zones->items[i].sites);
    }
    for (size_t i = 0; i < zones->domain_count; i++)
        free(zones->domains[i]);
    free(zones->items);
    free(zones->domains);
}

const struct zone *zones_find(const struct zones *zones, const char *name)
{
    for (size_t i = 0; i < zones->count; i++)
        if (!strcmp(zones->items[i].name, name))
            return &zones->items[i];
    return NULL;
}

long zone_weigh(const struct zone *zone, const unsigned char (*addresses)[4], size_t count, bool *matches,
                bool *positive)
{
    long sum = 0;

    *matches = *positive = false;
    for (size_t i = 0; i < zone->site_count; i++) {
        const struct zone_site *site = &zone->sites[i];
        bool match = false;

        for (size_t j = 0; j < count && !match; j++)
            match = site->filter.any || zone_filter_names(&site->filter, addresses[j]);
        if (!match)
            continue;
        *matches = true;
        *positive = *positive || site->weight > 0;
        sum += site->weight;
    }
    return sum;
}

bool zone_is_called(const struct zones *zones, const struct zone *zone, const char *text)
{
    return !strcmp(zone->name, text) || !strcasecmp(zones->domains[zone->domain], text);
}

char *zone_name_shown(const char *name)
{
    const char *behind_key = keyed_suffix(name) ? strchr(name, '.') : NULL;
    char *keyless = behind_key ? memory_format("%s%s", SECRET_MASK, behind_key) : memory_string(name);
    char *shown = secret_mask(keyless);

    free(keyless);
    return shown;
}

bool *zones_choose(const struct zones *zones, const char *variable)
{
    const char *list = config_text(variable);
    bool *chosen = memory_new(zones->count, sizeof *chosen);
    char *name;

    while (list && (name = config_item(&list))) {
        char *shown = zone_name_shown(name);
        bool found = !zones->complete || zones->count == 0; /* DNSBL_ZONES itself is the problem */

        for (size_t i = 0; i < zones->count; i++)
            if (zone_is_called(zones, &zones->items[i], name))
                found = chosen[i] = true;
        if (!found)
            config_problem(variable, "\"%s\" is not the name of a zone in DNSBL_ZONES", shown);
        free(shown);
        free(name);
    }
    return chosen;
}
