/*
 * Text from strangers: DNS TXT records, servers' messages, addresses in a table.
 * All results are new.
 */
#ifndef COMMON_TEXT_H
#define COMMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define TEXT_FOREIGN_MAX 512 /* bytes kept of a foreign text */

/*
 * Valid UTF-8 of at most TEXT_FOREIGN_MAX bytes made from any bytes: what is not
 * UTF-8 becomes \DDD as in RFC 1035 section 5.1, as does a NUL; cut between
 * characters.
 */
char *text_foreign(const void *bytes, size_t length);

/*
 * For a person's eyes: control characters, C1 and what shows nothing or turns the direction of writing included,
 * become \DDD per byte, so that no text can move a cursor, lie about its order or hide a part of itself. Marks on
 * letters stay. text must be UTF-8; bytes that are not are escaped as well.
 */
char *text_visible(const char *text);

/* Reads what text_columns() and text_cut() need: before files are out of reach (confine.h), or they would count
 * badly. */
void text_prepare(void);

/* How many columns of a terminal a UTF-8 text takes, and the text cut to at most so many, … at its end where
 * something is left out; new. What is to be shown goes through text_visible() first. */
size_t text_columns(const char *text);
char *text_cut(const char *text, size_t columns);

#define TEXT_COUNT_SIZE 28

/* A number with its thousands parted, 1,024, in buffer, which is returned. */
char *text_count(unsigned long long number, char buffer[TEXT_COUNT_SIZE]);

/* Length in bytes of the UTF-8 character at the start of bytes, 0 if it is none (RFC 3629). */
size_t text_utf8_length(const unsigned char *bytes, size_t available);

#endif
