/*
 * What stays on this machine: there http:// will do, for nobody reads along.
 */
#ifndef JIRA_SYNC_LOOPBACK_H
#define JIRA_SYNC_LOOPBACK_H

#include <stdbool.h>

/* host: as libcurl takes it out of a URL, IPv6 in brackets. */
bool loopback_is(const char *host);

/*
 * Whether libcurl would send a request to http:// through another machine: the proxy that it takes from the
 * environment (curl(1), ENVIRONMENT). One that it cannot understand, and so will not use, is none.
 */
bool loopback_left_by_proxy(void);

#endif
