/* What is said of an address in words, in the log for people and in the list of a dry run. */
#ifndef LOG_SUMMARY_WORDS_H
#define LOG_SUMMARY_WORDS_H

#include "address.h"

/* Why it is where it is: `listed by SBL,XBL`, `not listed any more`, …; not masked yet, new. */
char *words_why(const struct address *address);

#endif
