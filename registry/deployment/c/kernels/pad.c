#include "kernels.h"

static unsigned char *fill(unsigned char *to, const void *value, size_t bytes, size_t count)
{
    for (size_t i = 0; i < count; i++, to += bytes) {
        memcpy(to, value, bytes);
    }
    return to;
}

void zoo_pad(const zoo_margins *margins, const void *value, const void *input, void *output)
{
    const int32_t *sizes = margins->sizes, *before = margins->before, *after = margins->after;
    const size_t bytes = margins->value_bytes;
    const unsigned char *from = input;
    unsigned char *to = output;
    size_t inner[4] = {1, 1, 1, 1}; /* values of one step along a dimension of the output */
    for (int axis = 2; axis >= 0; axis--) {
        inner[axis] = inner[axis + 1] * (size_t)(before[axis + 1] + sizes[axis + 1] + after[axis + 1]);
    }
    to = fill(to, value, bytes, (size_t)before[0] * inner[0]);
    for (int32_t i = 0; i < sizes[0]; i++) {
        to = fill(to, value, bytes, (size_t)before[1] * inner[1]);
        for (int32_t j = 0; j < sizes[1]; j++) {
            to = fill(to, value, bytes, (size_t)before[2] * inner[2]);
            for (int32_t k = 0; k < sizes[2]; k++) {
                to = fill(to, value, bytes, (size_t)before[3]);
                memcpy(to, from, (size_t)sizes[3] * bytes);
                from += (size_t)sizes[3] * bytes;
                to = fill(to + (size_t)sizes[3] * bytes, value, bytes, (size_t)after[3]);
            }
            to = fill(to, value, bytes, (size_t)after[2] * inner[2]);
        }
        to = fill(to, value, bytes, (size_t)after[1] * inner[1]);
    }
    fill(to, value, bytes, (size_t)after[0] * inner[0]);
}
