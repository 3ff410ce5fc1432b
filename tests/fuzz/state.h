/* Forgets the problems and files of config.c and the secrets of secret.c: another process would begin without. */
#ifndef FUZZ_STATE_H
#define FUZZ_STATE_H

void state_reset(void);

#endif
