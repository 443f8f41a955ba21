#include "kernels.h"

void zoo_clip_float(size_t count, const zoo_limits *limits, const float *input, float *output)
{
    for (size_t i = 0; i < count; i++) {
        output[i] = zoo_limited(input[i], limits);
    }
}
