/* Registered values are masked wherever they stand. */
#include "secret.h"

#include "tap.h"

int main(void)
{
    CHECK_NEW_TEXT(secret_mask("nothing is registered"), "nothing is registered");
    secret_add("sesame");
    secret_add("sesame");
    secret_add("abc"); /* too short */
    CHECK_NEW_TEXT(secret_mask("sesame"), "***");
    CHECK_NEW_TEXT(secret_mask("open sesame, sesame!"), "open ***, ***!");
    CHECK_NEW_TEXT(secret_mask("SeSaMe.zen.dq.spamhaus.net"), "***.zen.dq.spamhaus.net");
    CHECK_NEW_TEXT(secret_mask("sesam abc"), "sesam abc");
    CHECK_NEW_TEXT(secret_mask(""), "");
    secret_add("sesame4711"); /* contains another, and is masked whole */
    CHECK_NEW_TEXT(secret_mask("sesame4711 sesame47"), "*** ***47");
    secret_add("");
    CHECK_NEW_TEXT(secret_mask("x"), "x");
    return tap_end();
}
