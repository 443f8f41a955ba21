#include "kernels.h"

void zoo_lookup(size_t count, const void *input, const uint8_t *table, void *output)
{
    const uint8_t *from = input;
    uint8_t *to = output;
    for (size_t i = 0; i < count; i++) {
        to[i] = table[from[i]];
    }
}
