#include "loopback.h"

#include <arpa/inet.h>
#include <curl/urlapi.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "memory.h"

bool loopback_is(const char *host)
{
    struct in_addr four;

    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    return !strcmp(host, "[::1]") || !strcasecmp(host, "localhost");
}

/* HTTP_PROXY is not among them: a web server would set it to whatever its client says. */
static const char *plain_proxy(void)
{
    static const char *const names[] = {"http_proxy", "all_proxy", "ALL_PROXY"};
    const char *proxy = NULL;

    for (size_t i = 0; i < sizeof names / sizeof *names && (!proxy || !*proxy); i++)
        proxy = getenv(names[i]);
    return proxy && *proxy ? proxy : NULL;
}

bool loopback_left_by_proxy(void)
{
    const char *proxy = plain_proxy();
    CURLU *url;
    char *host = NULL;
    bool left;

    if (!proxy)
        return false;
    url = memory_check(curl_url());
    left = curl_url_set(url, CURLUPART_URL, proxy, CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME) == CURLUE_OK &&
           curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK && !loopback_is(host);
    curl_free(host);
    curl_url_cleanup(url);
    return left;
}
