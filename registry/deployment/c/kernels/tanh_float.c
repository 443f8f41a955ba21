#include "kernels.h"

#include <math.h>

void zoo_tanh_float(size_t count, const float *input, float *output)
{
    for (size_t i = 0; i < count; i++) {
        output[i] = tanhf(input[i]);
    }
}
