/* Golden vectors: an input, the output that the model gave for it, and by how much another may differ. */
#ifndef ZOO_SELFTEST_H
#define ZOO_SELFTEST_H

#include <stddef.h>
#include <stdint.h>

typedef enum { ZOO_INT8, ZOO_UINT8, ZOO_INT32, ZOO_FLOAT } zoo_type;

typedef struct {
    const char *name;
    const void *input;
    const void *expected;
    int (*run)(const void *input, const void **output); /* 0 when it ran */
    zoo_type type;                                      /* of the output */
    size_t rows, columns, channels;                     /* of the whole output */
    size_t every;                                       /* expected has only each row and column of so many */
    int has_classes;                                    /* whether the greatest channel is a place's class */
    double greatest;                                    /* difference that a value may have, as stored */
    size_t differing, other_class;                      /* values and places that may differ */
} zoo_golden;

extern const zoo_golden zoo_golden_vectors[];
extern const size_t zoo_golden_count;

/* Runs all vectors and writes a line for each. Returns 0 when all pass, else 1. */
int zoo_selftest(void (*write)(const char *text));

#endif
