/*
 * Values that must never be shown: passwords, tokens, keys inside zone names.
 * Whoever reads one registers it here once; everything a tool writes for people
 * passes through secret_mask().
 */
#ifndef COMMON_SECRET_H
#define COMMON_SECRET_H

#define SECRET_MASK "***"

/*
 * Remembers a copy of value. Values shorter than four bytes are not masked:
 * they occur in innocent text, and the gaps would give them away.
 */
void secret_add(const char *value);

/* A new copy of text in which every registered value, in any case (DNS names lose theirs), is SECRET_MASK. */
char *secret_mask(const char *text);

#endif
