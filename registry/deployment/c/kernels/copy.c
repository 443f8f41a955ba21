#include "kernels.h"

void zoo_copy(const zoo_pieces *pieces, const void *input, void *output)
{
    const unsigned char *from = input;
    unsigned char *to = (unsigned char *)output + pieces->to_start;
    for (size_t i = 0; i < pieces->count; i++) {
        memcpy(to, from, pieces->bytes);
        from += pieces->from_distance;
        to += pieces->to_distance;
    }
}
