#include "kernels.h"

#include <math.h>

void zoo_sigmoid_float(size_t count, const float *input, float *output)
{
    for (size_t i = 0; i < count; i++) {
        output[i] = 1.0f / (1.0f + expf(-input[i]));
    }
}
