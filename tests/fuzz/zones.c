/*
 * DNSBL_ZONES, and a list that names zones (SURGE_RELEASE and its like). The input is `KEY RELEASE LIST`, parted by
 * the first two line ends: KEY is the value of ${KEY}, a secret. What is taken without a problem means the same when
 * it is written out as the grammar has it and read again; no problem shows the secret.
 */
#include "zones.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "fuzz.h"

static void check_zone(const struct zones *zones, const struct zone *zone)
{
    const char *domain = zones->domains[zone->domain];
    long positive = 0, negative = 0;

    HOLDS(zone->site_count > 0 && zones_find(zones, zone->name) == zone);
    HOLDS(strlen(domain) <= 189 && strchr(domain, '.') && domain[strlen(domain) - 1] != '.');
    HOLDS(strspn(domain, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == strlen(domain));
    for (size_t i = 0; i < zone->site_count; i++) {
        long weight = zone->sites[i].weight;

        HOLDS(weight >= -ZONES_WEIGHT_MAX && weight <= ZONES_WEIGHT_MAX);
        *(weight > 0 ? &positive : &negative) += weight;
    }
    HOLDS(zone->positive == positive && zone->negative == negative);
    HOLDS(zone_is_called(zones, zone, zone->name) && zone_is_called(zones, zone, domain));
}

/* A secret, unless it is a part of what else is given, which is shown. */
static bool is_secret(const char *key, const char *release, const char *sites)
{
    return key && strlen(key) >= 4 && !(release && strcasestr(release, key)) && !(sites && strcasestr(sites, key));
}

/* The secret stands for itself in a domain alone, and a zone's name is shown everywhere. */
static void check_secret(const struct zones *zones, const char *key)
{
    for (size_t i = 0; i < zones->count; i++) {
        bool by_label = strcmp(zones->items[i].name, zones->domains[zones->items[i].domain]) != 0;

        HOLDS(by_label || !strcasestr(zones->items[i].name, key));
    }
}

/* The seeds' key, which nobody but the product has registered as a secret. */
static void check_messages(const char *key)
{
    if (!strcmp(key, "secretkey"))
        HOLDS(!strcasestr(fuzz_err.bytes, key));
}

static void write_octet(FILE *out, const unsigned char bits[32])
{
    const char *before = "[";

    for (unsigned value = 0; value < 256; value++) {
        if (bits[value / 8] >> value % 8 & 1) {
            fprintf(out, "%s%u", before, value);
            before = ";";
        }
    }
    fputc(']', out);
}

/* Site by site, each with its label, which any name can be but one that is too long. */
static char *written_out(const struct zones *zones)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    for (size_t i = 0; i < zones->count; i++) {
        const struct zone *zone = &zones->items[i];
        const char *domain = zones->domains[zone->domain];

        for (size_t j = 0; j < zone->site_count; j++) {
            if (strcmp(zone->name, domain) != 0)
                fprintf(out, "%s:", zone->name);
            fputs(domain, out);
            for (int octet = 0; !zone->sites[j].filter.any && octet < 4; octet++) {
                fputc(octet == 0 ? '=' : '.', out);
                write_octet(out, zone->sites[j].filter.octets[octet]);
            }
            fprintf(out, "*%ld,", zone->sites[j].weight);
        }
    }
    fclose(out);
    return text;
}

static void check_equal(const struct zones *one, const struct zones *other)
{
    HOLDS(one->count == other->count);
    for (size_t i = 0; i < one->count; i++) {
        const struct zone *a = &one->items[i], *b = zones_find(other, a->name);

        HOLDS(b && a->site_count == b->site_count && a->positive == b->positive && a->negative == b->negative);
        HOLDS(!strcmp(one->domains[a->domain], other->domains[b->domain]));
        for (size_t j = 0; j < a->site_count; j++) {
            HOLDS(a->sites[j].weight == b->sites[j].weight && a->sites[j].filter.any == b->sites[j].filter.any);
            HOLDS(!memcmp(a->sites[j].filter.octets, b->sites[j].filter.octets, sizeof a->sites[j].filter.octets));
        }
    }
}

/* ${KEY} is plain text by now, and would be no secret in another process. */
static void check_again(const struct zones *zones)
{
    struct zones again;
    char *text = written_out(zones);

    fuzz_end();
    fuzz_begin("", 0, 1);
    fuzz_set("DNSBL_ZONES", text);
    zones_load(&again);
    HOLDS(config_finish() == 0 && again.complete);
    check_equal(zones, &again);
    zones_free(&again);
    free(text);
}

/* A sum is of those that match, and no address matches where none is given. */
static void check_weights(const struct zone *zone)
{
    static const unsigned char addresses[][4] = {{127, 0, 0, 2}, {127, 0, 0, 4}, {127, 1, 2, 3}};
    bool matches, positive;

    HOLDS(zone_weigh(zone, addresses, 0, &matches, &positive) == 0 || matches);
    for (size_t count = 1; count <= 3; count++) {
        long sum = zone_weigh(zone, addresses, count, &matches, &positive);

        HOLDS(sum >= zone->negative && sum <= zone->positive && (matches || sum == 0) && (matches || !positive));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size), *rest = text;
    char *key = fuzz_cut(&rest, "\n"), *release = fuzz_cut(&rest, "\n");
    struct zones zones;
    bool *chosen;

    fuzz_begin("", 0, 1);
    fuzz_set("KEY", key);
    fuzz_set("RELEASE", release);
    fuzz_set("DNSBL_ZONES", rest);
    zones_load(&zones);
    chosen = zones_choose(&zones, "RELEASE");
    for (size_t i = 0; i < zones.count; i++) {
        check_zone(&zones, &zones.items[i]);
        check_weights(&zones.items[i]);
    }
    HOLDS(zones.count <= ZONES_SITES_MAX);
    if (config_finish() == 0) {
        HOLDS(zones.complete && zones.count > 0);
        if (is_secret(key, release, rest))
            check_secret(&zones, key);
        check_again(&zones);
    } else if (is_secret(key, release, rest)) {
        check_messages(key);
    }
    fuzz_end();
    free(chosen);
    zones_free(&zones);
    free(text);
    return 0;
}
