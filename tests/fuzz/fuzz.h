/*
 * What the fuzz targets share. A target is LLVMFuzzerTestOneInput() (libFuzzer, llvm.org/docs/LibFuzzer.html): it
 * gives foreign bytes to the product's own functions, all in one process, and says by HOLDS what must be true of what
 * comes out. Whole streams go through read(2) and write(2) as in a pipe, but these are memory here.
 *
 * State that the product keeps for the life of its process is either put back (state.c) or bounded and kept: the
 * names that were warned of (dnsbl-decide), static tables. Nothing may leak: LeakSanitizer watches each input.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What time(2) says: 2026-01-01T00:00:30Z. */
#define FUZZ_NOW 1767225630

/* Registered with secret_add() by fuzz_begin(): no message may show it. */
#define FUZZ_SECRET "hunter2secret"

/* Ends the process, and libFuzzer keeps the input, unless condition is true. */
#define HOLDS(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))
__attribute__((noreturn)) void fuzz_fail(const char *file, int line, const char *condition);

/* --- the process --- */

struct fuzz_text {
    char *bytes; /* with a NUL behind them */
    size_t length, room;
};

extern struct fuzz_text fuzz_out, fuzz_err; /* what was written to stdout and stderr since fuzz_begin() */
extern bool fuzz_terminal;                  /* these are a terminal; fuzz_begin() says that they are not */

/* From now on standard input is these bytes (borrowed), of which a read(2) gives at most piece. */
void fuzz_begin(const void *bytes, size_t length, size_t piece);

/* The environment: value (borrowed until fuzz_end(), NULL: unset) is what getenv(3) gives. All others are unset. */
void fuzz_set(const char *name, const char *value);

/* Until here. Checks that each message is a line of JSON that shows no secret and no control character. */
void fuzz_end(void);

/* Calls work. The status with which it ended the process (die()), -1: it returned. It must own no memory then. */
int fuzz_ends(void (*work)(void *context), void *context);

/* --- input --- */

/* The bytes as a string, new. */
char *fuzz_string(const uint8_t *data, size_t size);

/* Cuts *text at the first separator, moves *text behind it, and returns what was before; NULL: there is no more. */
char *fuzz_cut(char **text, const char *separator);

/* --- output --- */

/* Each line of JSON (JSON with unique keys, an object, at most NDJSON_LINE_MAX bytes, a newline) is given to take. */
size_t fuzz_each_line(const struct fuzz_text *text, void (*take)(const json_t *object, void *context), void *context);

/* UTF-8 (RFC 3629) without control characters, C1, line separators and bidirectional controls, but for allowed. */
bool fuzz_is_plain(const char *text, size_t length, const char *allowed);

/* Nothing but characters that all readers see: ASCII, letters of some living scripts, pictures. */
bool fuzz_is_ordinary(const char *text, size_t length);

/* The same of every string and key in it. */
bool fuzz_all_plain(const json_t *value);

/* Whether all members of object are in larger, as they are, but for those of except. */
bool fuzz_holds_members(const json_t *larger, const json_t *object, const json_t *except);

/* How many messages have that error_type. */
size_t fuzz_messages(const char *error_type);

#endif
