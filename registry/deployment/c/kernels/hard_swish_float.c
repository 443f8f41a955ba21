#include "kernels.h"

void zoo_hard_swish_float(size_t count, const float *input, float *output)
{
    const zoo_limits limits = {0.0f, 6.0f};
    for (size_t i = 0; i < count; i++) {
        output[i] = input[i] * zoo_limited(input[i] + 3.0f, &limits) / 6.0f;
    }
}
